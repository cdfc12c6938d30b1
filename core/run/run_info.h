#pragma once

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace farfield {

// Version of farfield, git revision of the build, library versions, CPU, device: a JSON object as text.
std::string platform_json();
// "farfield 0.1.0 (REVISION), LibTorch 2.13.0, OpenCV 4.6.0, ..." for --version.
std::string version_line();

// The record of a run: sections of JSON text in the order they were added, written as `run.json` together with the
// command line, the start time, the wall seconds and platform_json(). Inputs are hashed (SHA-256).
class RunInfo {
 public:
  explicit RunInfo(std::vector<std::string> command_line);
  void add(std::string_view key, const std::string& json);                   // a JSON value
  void add_text(std::string_view key, std::string_view text);                // a string, escaped here
  void add_number(std::string_view key, double value);                       // finite numbers; else a string
  void add_input(std::string_view role, const std::filesystem::path& file);  // path, bytes, SHA-256
  // The SHA-256 by role of what an earlier run read that is made again here: a warning names an input of such a role that is
  // none of them.
  void expect_inputs(std::map<std::string, std::set<std::string>> sha256_by_role);
  std::string json() const;
  void write(const std::filesystem::path& file) const;  // atomic

 private:
  std::vector<std::pair<std::string, std::string>> sections_;
  std::vector<std::string> inputs_;
  std::map<std::string, std::set<std::string>> expected_;
  double start_seconds_;
};

}  // namespace farfield
