#include "core/config/config.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/config/config_tree.h"
#include "core/error.h"
#include "core/io/json.h"
#include "core/printable.h"
#include "core/source_form.h"
#include "core/text.h"

namespace farfield {
namespace {

using Kind = ConfigValue::Kind;

std::string joined(std::string_view path, std::string_view key) {
  return path.empty() ? std::string(key) : fmt::format("{}.{}", path, key);
}

std::string kind_name(const ConfigValue& value) {
  switch (value.kind) {
    case Kind::kNull:
      return "nothing";
    case Kind::kScalar:
      return quote(value.text);
    case Kind::kList:
      return "a list";
    case Kind::kMapping:
      return "a mapping";
  }
  return "?";
}

// A decimal number in the whole text: no octal, hex, "nan", or values beyond double.
template <class Number>
bool parse_whole(const std::string& text, Number& number) {
  const bool plus = text.size() > 1 && text[0] == '+';
  const char* begin = text.data() + (plus ? 1 : 0);
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(begin, end, number);
  return error == std::errc() && stop == end;
}

bool leading_zero(const std::string& text) {
  const size_t digit = text.find_first_not_of("+-");
  return digit != std::string::npos && text[digit] == '0' && digit + 1 < text.size() &&
         std::isdigit(static_cast<unsigned char>(text[digit + 1])) != 0;
}

double to_number(const ConfigValue& value, const std::string& name, Range range) {
  double number = 0;
  if (value.kind != Kind::kScalar || value.quoted || leading_zero(value.text) || !parse_whole(value.text, number) ||
      std::isnan(number)) {
    throw usage_error(fmt::format("{}: {} must be a number, got {}", value.where, name, kind_name(value)));
  }
  if (!(number >= range.low && number <= range.high)) {
    throw usage_error(fmt::format("{}: {} = {} is out of range; it must be in [{}, {}]", value.where, name, value.text,
                                  format_double(range.low), format_double(range.high)));
  }
  return number;
}

int64_t to_integer(const ConfigValue& value, const std::string& name, Range range) {
  int64_t number = 0;
  if (value.kind != Kind::kScalar || value.quoted || leading_zero(value.text) || !parse_whole(value.text, number)) {
    throw usage_error(fmt::format("{}: {} must be a whole number, got {}", value.where, name, kind_name(value)));
  }
  to_number(value, name, range);
  return number;
}

bool simple_word(const std::string& text) {
  if (text.empty() || text == "true" || text == "false" || text == "null" || text == "yes" || text == "no" ||
      text == "on" || text == "off" || !std::isalpha(static_cast<unsigned char>(text[0]))) {
    return false;
  }
  return text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./") ==
         std::string::npos;
}

std::string yaml_text(const std::string& text) { return simple_word(text) ? text : dump_json(nlohmann::json(text)); }

template <class Value, class Read>
std::vector<Value> to_list(const ConfigValue* value, const std::string& name, Range range,
                           const std::vector<Value>& fallback, Read read) {
  if (value == nullptr) return fallback;
  if (value->kind != Kind::kList) {
    throw usage_error(
        fmt::format("{}: {} must be a list such as [1, 2], got {}", value->where, name, kind_name(*value)));
  }
  std::vector<Value> result;
  for (const auto& item : value->items) result.push_back(read(item, name, range));
  return result;
}

template <class Value, class Format>
std::string yaml_list(const std::vector<Value>& values, Format format) {
  std::vector<std::string> parts;
  for (const auto& value : values) parts.push_back(format(value));
  return "[" + join(parts, ", ") + "]";
}

// The resolved config on its way to text: sections stay together, whatever the order their keys were read in.
struct Branch {
  std::string name, text;
  std::vector<Branch> children;

  Branch& child(const std::string& key) {
    for (auto& branch : children) {
      if (branch.name == key) return branch;
    }
    return children.emplace_back(Branch{key, "", {}});
  }

  std::string yaml(int indent) const {
    std::string lines;
    for (const auto& branch : children) {
      lines += std::string(indent, ' ') + branch.name + ":";
      lines += branch.children.empty() ? " " + branch.text + "\n" : "\n" + branch.yaml(indent + 2);
    }
    return lines;
  }
};

}  // namespace

struct Config::Document {
  std::string origin;
  ConfigValue root;
  std::map<std::string, std::vector<std::string>> asked;      // path -> keys some reader knows
  std::vector<std::pair<std::string, std::string>> resolved;  // path.key -> YAML, in the order of reading

  const ConfigValue* find(const std::string& path) const {
    const ConfigValue* value = &root;
    for (const auto& key : split(path, '.')) {
      value = value->find(key);
      if (value == nullptr) return nullptr;
    }
    return value;
  }

  // The value at path.key, or nullptr; remembers that the key is known. A null (`key:`) counts as absent.
  const ConfigValue* ask(const std::string& path, std::string_view key) {
    auto& known = asked[path];
    if (std::find(known.begin(), known.end(), key) == known.end()) known.emplace_back(key);
    const ConfigValue* section = find(path);
    const ConfigValue* value = section == nullptr ? nullptr : section->find(key);
    return value == nullptr || value->kind == Kind::kNull ? nullptr : value;
  }

  void note(const std::string& path, std::string_view key, std::string yaml) {
    const std::string name = joined(path, key);
    for (auto& [seen, text] : resolved) {
      if (seen == name) {
        text = std::move(yaml);
        return;
      }
    }
    resolved.emplace_back(name, std::move(yaml));
  }

  void collect_unread(const ConfigValue& value, const std::string& path, std::vector<std::string>& problems) const {
    static const std::vector<std::string> kNone;
    const auto found = asked.find(path);
    const auto& known = found == asked.end() ? kNone : found->second;
    for (const auto& [key, field] : value.fields) {
      if (std::find(known.begin(), known.end(), key) == known.end()) {
        constexpr size_t kMostShown = 20;  // a file may hold 100,000 of them; the others are counted only
        const std::string what = path.empty() ? "key" : fmt::format("key of {}", quote(path));
        const bool shown = problems.size() < kMostShown;
        problems.push_back(shown ? fmt::format("{}: {}", field.where, unknown_name(what, key, known)) : "");
      } else if (field.kind == Kind::kMapping) {
        collect_unread(field, joined(path, key), problems);
      }
    }
  }
};

Config::Config(std::shared_ptr<Document> document, std::string path)
    : document_(std::move(document)), path_(std::move(path)) {}

Config Config::from_file(const std::filesystem::path& path) {
  return {std::make_shared<Document>(Document{path.string(), read_yaml(path), {}, {}}), ""};
}

Config Config::from_text(const std::string& yaml, const std::string& origin) {
  return {std::make_shared<Document>(Document{origin, parse_yaml(yaml, origin), {}, {}}), ""};
}

void Config::set(std::string_view assignment) {
  const size_t equals = assignment.find('=');
  if (equals == std::string_view::npos || equals == 0) {
    throw usage_error(fmt::format("--set {}: write --set key=value or --set section.key=value", assignment));
  }
  const std::string name(assignment.substr(0, equals));
  ConfigValue* value = &document_->root;
  for (const auto& key : split(name, '.')) {
    if (key.empty()) throw usage_error(fmt::format("--set {}: an empty key", assignment));
    if (value->kind == Kind::kNull) value->kind = Kind::kMapping;
    if (value->kind != Kind::kMapping) {
      throw usage_error(fmt::format("--set {}: '{}' lies inside a value that is no section", assignment, key));
    }
    auto* next = const_cast<ConfigValue*>(value->find(key));
    value = next != nullptr ? next : &value->fields.emplace_back(ConfigField{key, {}}).value;
    if (value->where.empty()) value->where = "--set " + name;
  }
  const std::string text(assignment.substr(equals + 1));
  if (existing_path_length(text) > 0 || !valid_utf8(text)) {  // bytes, not YAML
    *value = {};
    value->kind = Kind::kScalar;
    value->text = portable_sources(text);
    value->where = "--set " + name;
  } else {
    *value = parse_yaml_value(text, "--set " + name);
  }
}

Config Config::section(std::string_view key) const {
  const ConfigValue* value = document_->ask(path_, key);
  if (value != nullptr && value->kind != Kind::kMapping) {
    throw usage_error(fmt::format("{}: {} must be a section (indented keys), got {}", value->where, joined(path_, key),
                                  kind_name(*value)));
  }
  return {document_, joined(path_, key)};
}

bool Config::has(std::string_view key) const { return document_->ask(path_, key) != nullptr; }

bool Config::is_list(std::string_view key) const {
  const ConfigValue* value = document_->ask(path_, key);
  return value != nullptr && value->kind == Kind::kList;
}

double Config::number(std::string_view key, double fallback, Range range) const {
  const ConfigValue* value = document_->ask(path_, key);
  const double number = value == nullptr ? fallback : to_number(*value, joined(path_, key), range);
  document_->note(path_, key, format_double(number));
  return number;
}

int64_t Config::integer(std::string_view key, int64_t fallback, Range range) const {
  const ConfigValue* value = document_->ask(path_, key);
  const int64_t number = value == nullptr ? fallback : to_integer(*value, joined(path_, key), range);
  document_->note(path_, key, std::to_string(number));
  return number;
}

bool Config::flag(std::string_view key, bool fallback) const {
  const ConfigValue* value = document_->ask(path_, key);
  bool result = fallback;
  if (value != nullptr) {
    if (value->kind != Kind::kScalar || value->quoted || (value->text != "true" && value->text != "false")) {
      throw usage_error(
          fmt::format("{}: {} must be true or false, got {}", value->where, joined(path_, key), kind_name(*value)));
    }
    result = value->text == "true";
  }
  document_->note(path_, key, result ? "true" : "false");
  return result;
}

std::string Config::text(std::string_view key, const std::string& fallback) const {
  const ConfigValue* value = document_->ask(path_, key);
  if (value != nullptr && value->kind != Kind::kScalar) {
    throw usage_error(fmt::format("{}: {} must be text, got {}", value->where, joined(path_, key), kind_name(*value)));
  }
  const std::string result = value == nullptr ? fallback : value->text;
  document_->note(path_, key, yaml_text(result));
  return result;
}

std::string Config::choice(std::string_view key, const std::string& fallback,
                           const std::vector<std::string>& allowed) const {
  const std::string result = text(key, fallback);
  if (std::find(allowed.begin(), allowed.end(), result) == allowed.end()) {
    throw usage_error(fmt::format("{}: {}", where(key), unknown_name(joined(path_, key), result, allowed)));
  }
  return result;
}

std::vector<double> Config::numbers(std::string_view key, const std::vector<double>& fallback, Range range) const {
  const auto result = to_list(document_->ask(path_, key), joined(path_, key), range, fallback, to_number);
  document_->note(path_, key, yaml_list(result, format_double));
  return result;
}

std::vector<int64_t> Config::integers(std::string_view key, const std::vector<int64_t>& fallback, Range range) const {
  const auto result = to_list(document_->ask(path_, key), joined(path_, key), range, fallback, to_integer);
  document_->note(path_, key, yaml_list(result, [](int64_t number) { return std::to_string(number); }));
  return result;
}

void Config::finish() const {
  std::vector<std::string> problems;
  document_->collect_unread(document_->root, "", problems);
  if (!problems.empty()) throw usage_error(join(problems, kNextLine));
}

std::string Config::where(std::string_view key) const {
  const ConfigValue* value = document_->find(joined(path_, key));
  return value == nullptr ? document_->origin : value->where;
}

std::string Config::resolved() const {
  Branch root;
  for (const auto& [name, text] : document_->resolved) {
    Branch* branch = &root;
    for (const auto& key : split(name, '.')) branch = &branch->child(key);
    branch->text = text;
  }
  return root.yaml(0);
}

}  // namespace farfield
