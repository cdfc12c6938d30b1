#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/config/config_tree.h"

namespace farfield {

// What a run.json says of the call that wrote it: enough to make that call again.
struct RunRecord {
  std::string command;                    // "sample", "schedule search": the `kind` of the output
  std::vector<std::string> command_line;  // as it was typed
  std::optional<ConfigValue> options;     // a mapping; positions are those in the file. Files of 0.1 have none
  std::string training_config;            // of a training run: its config, YAML; else empty
  std::map<std::string, std::set<std::string>> inputs;  // SHA-256 of the files it read, by their role
};

// The record in `file` when it is a run.json, nothing when it is anything else. bad_file for one that is damaged, io_error when
// it cannot be read.
std::optional<RunRecord> read_run_record(const std::filesystem::path& file);

}  // namespace farfield
