#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace farfield {

// A closed range for a number read from a config; the defaults admit every finite value.
struct Range {
  double low = std::numeric_limits<double>::lowest();
  double high = std::numeric_limits<double>::max();
};

// A strict cursor over a YAML mapping. Every getter names a key, its default and its range, and marks the key as
// read; finish() turns every key that nobody read into one error with file:line and the nearest known key.
// Values of the wrong type, out of range, NaN, duplicate keys, aliases that loop, and documents beyond the limits
// (1 MiB, depth 64, 100,000 nodes) are usage errors (exit 2) with file:line:column.
//
// Copies share one document: options structs take a Config by value and read their section.
class Config {
 public:
  static Config from_file(const std::filesystem::path& path);
  static Config from_text(const std::string& yaml, const std::string& origin);

  // Applies one "--set a.b=c": c is YAML (a number, text, a [list], true). Creates sections as needed.
  void set(std::string_view assignment);

  // The mapping under `key`; an absent one reads as empty. Marks `key` as read.
  Config section(std::string_view key) const;
  bool has(std::string_view key) const;
  bool is_list(std::string_view key) const;  // false when absent

  double number(std::string_view key, double fallback, Range range = {}) const;
  int64_t integer(std::string_view key, int64_t fallback, Range range = {}) const;
  bool flag(std::string_view key, bool fallback) const;
  std::string text(std::string_view key, const std::string& fallback) const;
  // One of `allowed`; anything else is an error that lists them and the nearest.
  std::string choice(std::string_view key, const std::string& fallback, const std::vector<std::string>& allowed) const;
  std::vector<double> numbers(std::string_view key, const std::vector<double>& fallback, Range range = {}) const;
  std::vector<int64_t> integers(std::string_view key, const std::vector<int64_t>& fallback, Range range = {}) const;

  // Throws one usage error that lists every key of the whole document that was never read.
  void finish() const;

  // "file.yaml:12" of a key of this mapping, for errors found later by validate().
  std::string where(std::string_view key) const;

  // Every key that was read with the value it took, defaults included, as YAML in the order of reading.
  std::string resolved() const;

 private:
  struct Document;
  Config(std::shared_ptr<Document> document, std::string path);

  std::shared_ptr<Document> document_;
  std::string path_;  // "" for the root, "a.b" for a section
};

}  // namespace farfield
