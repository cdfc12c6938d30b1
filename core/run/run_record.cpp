#include "core/run/run_record.h"

#include <algorithm>
#include <string_view>

#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/io/file.h"
#include "core/io/json.h"
#include "core/io/wrong_file.h"

namespace farfield {
namespace {

using nlohmann::ordered_json;

constexpr uint64_t kMostRecordBytes = 1 << 26;

// Where the text ends that begins with the quote at `begin` of valid JSON.
size_t closing_quote(std::string_view json, size_t begin) {
  size_t end = begin + 1;
  while (json[end] != '"') end += json[end] == '\\' ? 2 : 1;
  return end;
}

// The object under a key at the top of a valid JSON object, behind as many line ends as in front of it there: lines in it are
// those of the whole. Empty where there is none.
std::string object_in_place(std::string_view json, std::string_view key) {
  std::string_view name;
  size_t depth = 0, begin = std::string_view::npos;
  for (size_t i = 0; i < json.size(); ++i) {
    if (json[i] == '"') {
      const size_t end = closing_quote(json, i);
      if (depth == 1) name = json.substr(i + 1, end - i - 1);
      i = end;
    } else if (json[i] == '{' || json[i] == '[') {
      if (depth++ == 1 && json[i] == '{' && name == key) begin = i;
    } else if ((json[i] == '}' || json[i] == ']') && --depth == 1 && begin != std::string_view::npos) {
      const auto lines = std::count(json.begin(), json.begin() + static_cast<int64_t>(begin), '\n');
      return std::string(static_cast<size_t>(lines), '\n') + std::string(json.substr(begin, i + 1 - begin));
    }
  }
  return "";
}

std::string text_under(const ordered_json& run, const char* key) {
  const auto found = run.find(key);
  return found != run.end() && found->is_string() ? found->get<std::string>() : "";
}

std::map<std::string, std::set<std::string>> inputs_of(const ordered_json& run) {
  std::map<std::string, std::set<std::string>> inputs;
  if (!run.contains("inputs") || !run["inputs"].is_array()) return inputs;
  for (const auto& input : run["inputs"]) {
    if (input.is_object()) inputs[text_under(input, "role")].insert(text_under(input, "sha256"));
  }
  return inputs;
}

}  // namespace

std::optional<RunRecord> read_run_record(const std::filesystem::path& file) {
  refuse_wrong_file(file, FileKind::kText);
  const std::string text = read_file(file, kMostRecordBytes);
  if (!text.starts_with('{')) return {};
  const ordered_json run = json_or_null(text);
  const auto words = run.is_object() ? run.find("command_line") : run.end();
  if (words == run.end() || !words->is_array()) return {};
  RunRecord record{text_under(run, "kind"), {}, {}, text_under(run, "config"), inputs_of(run)};
  for (const auto& word : *words) record.command_line.push_back(word.is_string() ? word.get<std::string>() : "?");
  if (run.contains("options")) {
    const std::string options = object_in_place(text, "options");
    if (options.empty()) throw bad_file(file.string(), "options is no JSON object");
    record.options = parse_yaml(options, file.string());
  }
  return record;
}

}  // namespace farfield
