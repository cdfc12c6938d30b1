#include "models/networks/checkpoint_manifest.h"

#include <algorithm>
#include <ranges>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/io/file.h"
#include "core/io/json.h"
#include "core/io/json_number.h"
#include "core/limits.h"
#include "core/log.h"

namespace farfield {
namespace fs = std::filesystem;
using nlohmann::json;
namespace {

constexpr uint64_t kManifestBytesLimit = 16 << 20;
constexpr int kManifestFormat = 1;

fs::path manifest_path(const fs::path& run_folder) { return run_folder / "checkpoints.json"; }

json to_json(const std::vector<CheckpointEntry>& entries) {
  json list = json::array();
  for (const auto& entry : entries) {
    list.push_back({{"file", entry.file}, {"images", entry.images}, {"sha256", entry.sha256}});
  }
  return list;
}

bool stays_inside(const fs::path& file) {
  return !file.empty() && file.is_relative() && std::ranges::find(file, "..") == file.end();
}

std::vector<CheckpointEntry> entries_from(const json& list) {
  std::vector<CheckpointEntry> entries;
  for (const auto& item : list) {
    const int64_t images = whole_number(item.at("images"), "images", 0, 2 * limits::kMostImages);
    entries.push_back({item.at("file"), images, item.at("sha256")});
  }
  return entries;
}

void check_entries(const fs::path& manifest, const std::vector<CheckpointEntry>& entries) {
  int64_t previous = -1;
  for (const auto& entry : entries) {
    if (!stays_inside(entry.file)) {
      throw bad_file(manifest.string(), fmt::format("'{}' points outside the run folder", entry.file));
    }
    if (entry.images <= previous) {
      throw bad_file(manifest.string(), fmt::format("'{}' is not in the order of images seen", entry.file));
    }
    previous = entry.images;
  }
}

}  // namespace

CheckpointManifest read_checkpoint_manifest(const fs::path& run_folder) {
  const fs::path path = manifest_path(run_folder);
  const std::string text = read_file(path, kManifestBytesLimit);
  CheckpointManifest manifest;
  try {
    const json document = parse_json(text, path.string());
    whole_number(document.at("format"), "format", kManifestFormat, kManifestFormat);
    manifest = {entries_from(document.at("states")), entries_from(document.at("snapshots")), {}};
    const json averages = document.value("averages", json::object());
    for (const auto& [name, list] : averages.items()) {
      manifest.averages[name] = entries_from(list);
    }
  } catch (const json::exception& error) {
    throw bad_file(path.string(), fmt::format("is no list of checkpoints: {}", error.what()));
  } catch (const std::out_of_range& error) {
    throw bad_file(path.string(), error.what());
  }
  check_entries(path, manifest.states);
  check_entries(path, manifest.snapshots);
  for (const auto& [name, entries] : manifest.averages) check_entries(path, entries);
  return manifest;
}

void write_checkpoint_manifest(const fs::path& run_folder, const CheckpointManifest& manifest) {
  json document = {
      {"format", kManifestFormat}, {"states", to_json(manifest.states)}, {"snapshots", to_json(manifest.snapshots)}};
  for (const auto& [name, entries] : manifest.averages) document["averages"][name] = to_json(entries);
  write_file_atomically(manifest_path(run_folder), dump_json(document, 1) + "\n");
}

std::string read_to_hash(const fs::path& file) { return sha256_file(file); }

std::optional<CheckpointEntry> newest_valid(const fs::path& run_folder, const std::vector<CheckpointEntry>& entries,
                                            const ReadHashed& read) {
  for (const CheckpointEntry& entry : std::views::reverse(entries)) {
    const fs::path path = run_folder / entry.file;
    std::string fault = "its SHA-256 differs from the one in checkpoints.json";
    try {
      if (read(path) == entry.sha256) return entry;
    } catch (const Error& error) {
      if (error.code() == ExitCode::kMemory) throw;
      fault = error.what();
    }
    log::warning(fmt::format("{}: passed over as damaged ({}); trying the one before", path.string(), fault));
  }
  return std::nullopt;
}

}  // namespace farfield
