#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/io/file.h"
#include "core/io/json.h"
#include "core/io/wrong_file.h"
#include "core/text.h"
#include "samplers/schedules/noise_levels.h"

namespace farfield {
namespace {

constexpr uint64_t kLevelFileLimit = 1 << 20;

std::vector<double> from_json(const std::string& text, const std::string& name) {
  const auto list = parse_json(text, name);
  if (!list.is_array()) throw bad_file(name, "expected a JSON list of noise levels, such as [80, 10, 1, 0]");
  std::vector<double> levels;
  for (const auto& item : list) {
    if (!item.is_number()) {
      throw bad_file(name,
                     fmt::format("item {} of the list is {}, expected a number", levels.size(), item.type_name()));
    }
    levels.push_back(item.get<double>());
  }
  return levels;
}

std::vector<double> from_lines(const std::string& text, const std::string& name) {
  std::vector<double> levels;
  int64_t number = 0;
  for (const std::string& line : split(text, '\n')) {
    ++number;
    std::string value = line.substr(0, line.find('#'));
    value.erase(0, value.find_first_not_of(" \t\r"));
    value.erase(value.find_last_not_of(" \t\r") + 1);
    if (value.empty()) continue;
    try {
      levels.push_back(parse_double(value, "noise level"));
    } catch (const Error&) {
      throw bad_file(name,
                     fmt::format("line {}: {} is no number; expected one noise level a line", number, quote(value)));
    }
  }
  return levels;
}

}  // namespace

std::vector<double> parse_levels(std::string_view text) {
  std::vector<double> levels;
  for (const std::string& part : split(text, ',')) levels.push_back(parse_double(part, "noise level"));
  check_levels(levels);
  return levels;
}

std::vector<double> read_levels(const std::filesystem::path& path) {
  refuse_wrong_file(path, FileKind::kText);
  const std::string text = read_file(path, kLevelFileLimit);
  const bool json = text.find_first_not_of(" \t\r\n") != std::string::npos &&
                    text[text.find_first_not_of(" \t\r\n")] == '[';
  const auto levels = json ? from_json(text, path.string()) : from_lines(text, path.string());
  try {
    check_levels(levels);
  } catch (const Error& error) {
    throw bad_file(path.string(), error.what());
  }
  return levels;
}

}  // namespace farfield
