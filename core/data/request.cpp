#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "core/data/readers.h"
#include "core/error.h"
#include "core/text.h"

namespace farfield {

SourceRequest::SourceRequest(std::string text, std::string path, std::map<std::string, std::string> options)
    : text_(std::move(text)), path_(std::move(path)), options_(std::move(options)) {}

bool SourceRequest::has(std::string_view key) const { return options_.contains(std::string(key)); }

std::string SourceRequest::word(std::string_view key, const std::string& fallback) const {
  const auto found = options_.find(std::string(key));
  return found == options_.end() ? fallback : found->second;
}

std::string SourceRequest::choice(std::string_view key, const std::string& fallback,
                                  const std::vector<std::string>& allowed) const {
  const std::string value = word(key, fallback);
  if (std::find(allowed.begin(), allowed.end(), value) != allowed.end()) return value;
  throw usage_error(
      fmt::format("data source '{}': {}", text_, unknown_name(fmt::format("{} value", key), value, allowed)));
}

int64_t SourceRequest::integer(std::string_view key, int64_t fallback, int64_t low, int64_t high) const {
  if (!has(key)) return fallback;
  const int64_t value = parse_int(word(key, ""), fmt::format("data source '{}', option {}", text_, key));
  if (value >= low && value <= high) return value;
  throw usage_error(
      fmt::format("data source '{}', option {}: got {}, expected {} to {}", text_, key, value, low, high));
}

bool SourceRequest::flag(std::string_view key, bool fallback) const {
  return choice(key, fallback ? "yes" : "no", {"yes", "no"}) == "yes";
}

int64_t SourceRequest::first() const {
  constexpr int64_t kAll = std::numeric_limits<int64_t>::max();
  return integer("first", kAll, 1, kAll);
}

bool SourceRequest::wants_labels() const { return flag("labels", true); }

}  // namespace farfield
