#include "analysis/paths/part_store.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/io/file.h"
#include "core/io/json.h"
#include "core/io/npz.h"
#include "core/printable.h"

namespace farfield {
namespace {
namespace fs = std::filesystem;

constexpr uint64_t kKeyBytesLimit = 1 << 20;
constexpr std::string_view kKeyFile = "key.json", kMark = "farfield_parts";

fs::path folder_beside(fs::path out) {
  if (!out.has_filename()) out = out.parent_path();
  return out += ".parts";
}

bool is_part(const fs::path& file) {
  const std::string name = file.filename().string();
  return name.starts_with("batch-") && name.ends_with(".npz");
}

// What the folder says its parts belong to; nothing when it is no store.
std::optional<nlohmann::ordered_json> key_in(const fs::path& folder) {
  if (!fs::is_regular_file(folder / kKeyFile)) return std::nullopt;
  auto key = json_or_null(read_file(folder / kKeyFile, kKeyBytesLimit));
  if (!key.is_object() || !key.contains(kMark)) return std::nullopt;
  return key[std::string(kMark)];
}

std::string first_difference(const nlohmann::ordered_json& kept, const nlohmann::ordered_json& asked) {
  for (const auto& [name, value] : asked.items()) {
    if (!kept.contains(name) || kept[name] != value) {
      return fmt::format("{} was {}, now {}", name, kept.contains(name) ? dump_json(kept[name]) : "absent",
                         dump_json(value));
    }
  }
  return "it has other fields";
}

}  // namespace

Arrays by_number(const Tensors& tensors) {
  Arrays arrays;
  for (size_t i = 0; i < tensors.size(); ++i) arrays[std::to_string(i)] = tensors[i];
  return arrays;
}

Tensors in_order(const Arrays& arrays) {
  Tensors tensors;
  for (size_t i = 0; i < arrays.size(); ++i) {
    const auto found = arrays.find(std::to_string(i));
    if (found == arrays.end()) throw usage_error("a finished batch of another version; begin anew with --force");
    tensors.push_back(found->second);
  }
  return tensors;
}

PartStore::PartStore(const fs::path& out, std::string key, EarlierParts earlier)
    : folder_(folder_beside(out)), key_(std::move(key)) {
  std::error_code ignored;
  if (fs::is_symlink(folder_) || (fs::exists(folder_, ignored) && !fs::is_directory(folder_)))
    throw usage_error(fmt::format("{}: no folder of finished batches; move it away", printable(folder_.string())));
  if (!fs::exists(folder_, ignored) || fs::is_empty(folder_)) return;
  const auto kept_key = key_in(folder_);
  if (!kept_key)
    throw usage_error(
        fmt::format("{}: no folder of finished batches of ours; move it away", printable(folder_.string())));
  if (earlier == EarlierParts::kReplace) {
    remove();
    return;
  }
  if (earlier == EarlierParts::kRefuse) {
    throw usage_error(fmt::format(
        "{}: {} finished batches of a run that was stopped; --resume goes on from there, --force begins anew",
        printable(folder_.string()), kept()));
  }
  const auto asked = parse_json(key_, "key");
  if (*kept_key != asked) {
    throw usage_error(
        fmt::format("{}: finished batches of another run: {}; repeat that call, or begin anew with --force",
                    printable(folder_.string()), first_difference(*kept_key, asked)));
  }
}

PartStore PartStore::beside_root(const fs::path& out, std::string key) {
  PartStore store;
  store.folder_ = folder_beside(out);
  store.key_ = std::move(key);
  return store;
}

fs::path PartStore::file_of(int64_t part) const { return folder_ / fmt::format("batch-{:06}.npz", part); }

bool PartStore::has(int64_t part) const { return !folder_.empty() && fs::exists(file_of(part)); }

std::optional<Arrays> PartStore::find(int64_t part) const {
  if (!has(part)) return std::nullopt;
  return read_npz(file_of(part));
}

void PartStore::keep(int64_t part, const Arrays& arrays) const {
  if (folder_.empty()) return;
  fs::create_directories(folder_);
  if (!fs::exists(folder_ / kKeyFile)) {
    write_file_atomically(folder_ / kKeyFile,
                          dump_json(nlohmann::ordered_json{{std::string(kMark), parse_json(key_, "key")}}, 2));
  }
  write_npz(file_of(part), arrays);
}

void PartStore::place(int64_t part, const fs::path& file) const {
  std::error_code problem;
  fs::create_hard_link(file_of(part), file, problem);
  if (problem) fs::copy_file(file_of(part), file, problem);
  if (problem) throw io_error(fmt::format("{}: cannot be made", printable(file.string())), problem.value());
}

int64_t PartStore::kept() const {
  std::error_code ignored;
  if (folder_.empty() || !fs::exists(folder_, ignored)) return 0;
  return std::count_if(fs::directory_iterator(folder_), fs::directory_iterator(),
                       [](const fs::directory_entry& entry) { return is_part(entry.path()); });
}

std::string PartStore::how_to_go_on() const {
  return fmt::format("{} finished batches are kept in {}: the same call with --resume goes on from there", kept(),
                     printable(folder_.string()));
}

Error PartStore::said_with(const Error& error) const {
  const bool stopped = error.code() == ExitCode::kInterrupted || error.code() == ExitCode::kIo;
  if (!stopped || kept() == 0) return error;
  return Error(error.code(), fmt::format("{}; {}", error.what(), how_to_go_on()));
}

void PartStore::remove() const {
  std::error_code ignored;
  if (folder_.empty() || !fs::exists(folder_, ignored)) return;
  for (const auto& entry : fs::directory_iterator(folder_)) {
    if (is_part(entry.path())) fs::remove(entry.path(), ignored);
  }
  fs::remove(folder_ / kKeyFile, ignored);
  fs::remove(folder_, ignored);
}

}  // namespace farfield
