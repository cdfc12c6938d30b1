#include "core/data/sample_shards.h"

#include <algorithm>
#include <set>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/io/file.h"
#include "core/io/json.h"
#include "core/limits.h"
#include "core/text.h"

namespace farfield {
namespace {
namespace fs = std::filesystem;

constexpr const char* kIndexMark = "farfield_shards";
constexpr uint64_t kIndexBytes = 1 << 16, kMarkBytes = 1 << 12;
constexpr int64_t kShaLength = 64;

torch::Tensor ascii(const std::string& text) {
  auto codes = torch::empty({static_cast<int64_t>(text.size())}, torch::kUInt8);
  std::copy(text.begin(), text.end(), codes.data_ptr<uint8_t>());
  return codes;
}

std::string text_of_codes(const torch::Tensor& codes) {
  if (codes.scalar_type() != torch::kUInt8) return "";
  const uint8_t* first = codes.const_data_ptr<uint8_t>();
  return {first, first + codes.numel()};
}

bool is_sha(const std::string& text) {
  return text.size() == kShaLength && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

void check_same_sha(const char* name, const std::string& expected, const NpzReader& arrays, const fs::path& file,
                    const char* what) {
  const std::string found = arrays.has(name) ? text_of_codes(arrays.numbers(name, kMarkBytes)) : "";
  if (found == expected) return;
  throw bad_file(file.string(),
                 fmt::format("a shard of {} ({} {}, the index of this run says {}); put this run's own "
                             "shard in its place, or draw the samples again",
                             what, name, is_sha(found) ? found.substr(0, 12) : "absent", expected.substr(0, 12)));
}

// "samples-000002.npz, samples-000004.npz and 3 more"
std::string some_of(const std::vector<std::string>& names) {
  constexpr size_t kShown = 3;
  const std::vector<std::string> shown(names.begin(),
                                       names.begin() + static_cast<int64_t>(std::min(kShown, names.size())));
  return join(shown, ", ") + (names.size() > kShown ? fmt::format(" and {} more", names.size() - kShown) : "");
}

}  // namespace

std::string shard_name(int64_t shard) { return fmt::format("samples-{:06}.npz", shard); }

void write_shard_index(const fs::path& folder, const ShardIndex& index) {
  const nlohmann::ordered_json json = {{kIndexMark, 1},
                                       {"samples", index.samples},
                                       {"size", index.size},
                                       {"shards", index.shards()},
                                       {"model_sha256", index.model_sha256},
                                       {"run_sha256", index.run_sha256}};
  write_file_atomically(folder / kShardIndex, dump_json(json, 2));
}

ShardIndex read_shard_index(const fs::path& folder) {
  const fs::path file = folder / kShardIndex;
  const auto json = parse_json(read_file(file, kIndexBytes), file.string());
  const auto number = [&](const char* key) {
    return json.contains(key) && json[key].is_number_integer() ? json[key].get<int64_t>() : -1;
  };
  const auto sha = [&](const char* key) {
    return json.contains(key) && json[key].is_string() ? json[key].get<std::string>() : "";
  };
  if (!json.is_object() || number(kIndexMark) != 1)
    throw bad_file(file.string(), "no index of shards that this version of farfield sample writes");
  ShardIndex index{number("samples"), number("size"), sha("model_sha256"), sha("run_sha256")};
  if (index.samples < 1 || index.samples > limits::kMostBytes || index.size < 1 || index.size > limits::kMostBytes ||
      index.shards() != number("shards") || !is_sha(index.model_sha256) || !is_sha(index.run_sha256)) {
    throw bad_file(file.string(),
                   "samples, size, shards, model_sha256 and run_sha256 are not those of one run; copy "
                   "the run again");
  }
  return index;
}

std::map<std::string, torch::Tensor> shard_marks(const ShardIndex& index, int64_t shard) {
  return {{"shard", torch::tensor({shard, index.shards()}, torch::kInt64)},
          {"model_sha256", ascii(index.model_sha256)},
          {"run_sha256", ascii(index.run_sha256)}};
}

void check_shard(const ShardIndex& index, int64_t shard, const NpzReader& arrays, const fs::path& file) {
  check_same_sha("model_sha256", index.model_sha256, arrays, file, "another model");
  check_same_sha("run_sha256", index.run_sha256, arrays, file, "another run of this model");
  const auto number = arrays.has("shard") ? arrays.numbers("shard", kMarkBytes) : torch::Tensor();
  if (!number.defined() || number.scalar_type() != torch::kInt64 || number.numel() != 2)
    throw bad_file(file.string(), "does not say which shard it is; copy the run again");
  const int64_t found = number[0].item<int64_t>();
  if (found == shard) return;
  throw bad_file(file.string(), fmt::format("holds the samples of {}, which would be there twice; copy {} again",
                                            shard_name(found), shard_name(shard)));
}

void check_shard_files(const ShardIndex& index, const fs::path& folder) {
  std::set<std::string> found;
  std::vector<std::string> missing, other;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("samples-") && name.ends_with(".npz")) found.insert(name);
  }
  for (int64_t shard = 0; shard < index.shards(); ++shard) {
    if (found.erase(shard_name(shard)) == 0) missing.push_back(shard_name(shard));
  }
  if (!missing.empty()) {
    throw bad_file(folder.string(), fmt::format("{} of {} shards missing: {}; copy the whole run", missing.size(),
                                                index.shards(), some_of(missing)));
  }
  other.assign(found.begin(), found.end());
  if (!other.empty()) {
    throw bad_file(folder.string(), fmt::format("{} shards are expected, and there is {}, too; move away what is none "
                                                "of this run",
                                                index.shards(), some_of(other)));
  }
}

}  // namespace farfield
