#include "core/run/run_info.h"

#include <chrono>
#include <cmath>
#include <ctime>
#include <fstream>

#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <fmt/format.h>
#include <torch/version.h>
#include <nlohmann/json.hpp>

#include "core/device.h"
#include "core/error.h"
#include "core/io/file.h"
#include "core/io/json.h"
#include "core/log.h"
#include "core/text.h"
#include "core/version.h"

namespace farfield {
namespace {

using nlohmann::ordered_json;

double now_seconds() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::string utc_time(double seconds) {
  const auto whole = static_cast<std::time_t>(seconds);
  std::tm parts = {};
  gmtime_r(&whole, &parts);
  char text[32];
  std::strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

std::string cpu_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.rfind("model name", 0) == 0) return line.substr(line.find(':') + 2);
  }
  return "unknown";
}

// JSON from our own code; a damaged piece is a bug, not an input error.
ordered_json parsed(const std::string& json) {
  try {
    return parse_json(json, "run.json");
  } catch (const Error& error) {
    throw Error(ExitCode::kBug, std::string("internal error: a section of ") + error.what());
  }
}

}  // namespace

std::string platform_json() {
  ordered_json json;
  json["farfield"] = kVersion;
  json["revision"] = kRevision;
  json["libtorch"] = TORCH_VERSION;
  json["compiler"] = kCompiler;
  json["cpu"] = cpu_name();
  json["cpu_capability"] = at::get_cpu_capability();
  json["bf16_matrix_units"] = cpu_has_bf16_matrix_units();
  json["threads"] = at::get_num_threads();
  return dump_json(json);
}

std::string version_line() { return fmt::format("farfield {} ({}), LibTorch {}", kVersion, kRevision, TORCH_VERSION); }

RunInfo::RunInfo(std::vector<std::string> command_line) : start_seconds_(now_seconds()) {
  add("command_line", dump_json(ordered_json(command_line)));
}

void RunInfo::add(std::string_view key, const std::string& json) { sections_.emplace_back(key, json); }

void RunInfo::add_text(std::string_view key, std::string_view text) {
  add(key, dump_json(ordered_json(std::string(text))));
}

void RunInfo::add_number(std::string_view key, double value) {
  if (!std::isfinite(value)) return add_text(key, format_double(value));
  add(key, format_double(value));
}

void RunInfo::add_input(std::string_view role, const std::filesystem::path& file) {
  ordered_json json;
  json["role"] = std::string(role);
  json["path"] = file.string();
  json["bytes"] = std::filesystem::file_size(file);
  const std::string hash = sha256_file(file);
  json["sha256"] = hash;
  inputs_.push_back(dump_json(json));
  const auto expected = expected_.find(std::string(role));
  if (expected == expected_.end() || expected->second.contains(hash)) return;
  log::warning(fmt::format("{}: is not the {} that the earlier run read (its SHA-256 differs): the result will, too",
                           file.string(), role));
}

void RunInfo::expect_inputs(std::map<std::string, std::set<std::string>> sha256_by_role) {
  expected_ = std::move(sha256_by_role);
}

std::string RunInfo::json() const {
  ordered_json json;
  for (const auto& [key, value] : sections_) json[key] = parsed(value);
  json["inputs"] = ordered_json::array();
  for (const auto& input : inputs_) json["inputs"].push_back(parsed(input));
  json["started"] = utc_time(start_seconds_);
  json["seconds"] = now_seconds() - start_seconds_;
  json["platform"] = parsed(platform_json());
  return dump_json(json, 2) + "\n";
}

void RunInfo::write(const std::filesystem::path& file) const { write_file_atomically(file, json()); }

}  // namespace farfield
