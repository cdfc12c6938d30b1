#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace farfield {

// A parsed YAML document as plain values, aliases expanded; what Config walks. Scalars keep their text: what they mean
// is the reader's business, so that `010`, `no` and `1e400` are never silently something else.
struct ConfigField;
struct ConfigValue {
  enum class Kind { kNull, kScalar, kList, kMapping };
  Kind kind = Kind::kNull;
  bool quoted = false;              // a "..." scalar is text, never a number
  std::string text;                 // kScalar
  std::vector<ConfigValue> items;   // kList
  std::vector<ConfigField> fields;  // kMapping, in the order of the file
  std::string where;                // "file.yaml:3:5", or "--set a.b"

  const ConfigValue* find(std::string_view key) const;
};
struct ConfigField {
  std::string key;
  ConfigValue value;
};

// usage_error with file:line:column for bad YAML, NUL bytes or bad UTF-8, duplicate keys, keys that are no scalars, and
// documents beyond 1 MiB, depth 64 or 100,000 nodes (aliases count as what they expand to). An empty document is an
// empty mapping. `where` prefixes positions: a file's name, or "--set a.b" (then without line numbers).
ConfigValue parse_yaml(const std::string& yaml, const std::string& origin);
ConfigValue parse_yaml_value(const std::string& yaml, const std::string& origin);
// parse_yaml of a file; bad_file for files that are no text, io_error where it cannot be read.
ConfigValue read_yaml(const std::filesystem::path& file);

}  // namespace farfield
