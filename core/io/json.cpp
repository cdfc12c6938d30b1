#include "core/io/json.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/printable.h"
#include "core/text.h"

namespace farfield {
namespace {

using nlohmann::ordered_json;

constexpr size_t kMostLevels = 64;

// "line 3, column 7" of a byte, both from 1.
std::string place_of(std::string_view text, size_t byte) {
  const std::string_view before = text.substr(0, std::min(byte, text.size()));
  const size_t line_start = before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1;
  return fmt::format("line {}, column {}", std::count(before.begin(), before.end(), '\n') + 1,
                     before.size() - line_start + 1);
}

// Builds a document from parser events. nlohmann's own builder takes duplicate keys, and looks for every key of an ordered object
// in all before it.
class Builder {
 public:
  Builder(std::string_view text, std::string_view where) : text_(text), where_(where) {}

  ordered_json take() { return std::move(root_); }

  bool null() { return add(nullptr); }
  bool boolean(bool value) { return add(value); }
  bool number_integer(int64_t value) { return add(value); }
  bool number_unsigned(uint64_t value) { return add(value); }
  bool number_float(double value, const std::string&) { return add(value); }
  bool string(std::string& value) { return add(std::move(value)); }
  bool binary(ordered_json::binary_t& value) { return add(std::move(value)); }
  bool start_array(size_t) { return open(ordered_json::array()); }
  bool end_array() { return close(); }
  bool start_object(size_t) { return open(ordered_json::object()); }
  bool end_object() { return close(); }
  bool key(std::string& name) {
    if (!open_.back().keys.insert(name).second) {
      throw bad_file(where_, fmt::format("key {} stands twice in one JSON object; remove one", quote(name)));
    }
    key_ = std::move(name);
    return true;
  }
  bool parse_error(size_t position, const std::string&, const nlohmann::detail::exception&) {
    const std::string place = place_of(text_, std::max<size_t>(position, 1) - 1);
    throw bad_file(where_, fmt::format("no valid JSON in UTF-8 at {}", place));
  }

 private:
  struct Open {
    ordered_json* value;
    std::set<std::string> keys;
  };

  ordered_json& place(ordered_json value) {
    if (open_.empty()) return root_ = std::move(value);
    ordered_json& parent = *open_.back().value;
    if (parent.is_array()) return parent.get_ref<ordered_json::array_t&>().emplace_back(std::move(value));
    return parent.get_ref<ordered_json::object_t&>().emplace_back(std::move(key_), std::move(value)).second;
  }
  bool add(ordered_json value) {
    place(std::move(value));
    return true;
  }
  bool open(ordered_json value) {
    if (open_.size() == kMostLevels)
      throw bad_file(where_, fmt::format("JSON nested deeper than {} levels", kMostLevels));
    ordered_json& there = place(std::move(value));  // stays where it is as long as it is open: its parent does not grow
    open_.push_back({&there, {}});
    return true;
  }
  bool close() {
    open_.pop_back();
    return true;
  }

  std::string_view text_, where_;
  ordered_json root_;
  std::vector<Open> open_;
  std::string key_;
};

// Every byte that is no UTF-8 as \xNN.
std::string text_in_utf8(std::string_view bytes) {
  std::string text;
  while (!bytes.empty()) {
    const size_t size = utf8_character(bytes).size, taken = std::max<size_t>(size, 1);
    text += size > 0 ? std::string(bytes.substr(0, size)) : printable(bytes.substr(0, 1));
    bytes.remove_prefix(taken);
  }
  return text;
}

// A copy whose texts and keys are UTF-8.
template <class Json>
Json in_utf8(const Json& value) {
  if (value.is_string()) return text_in_utf8(value.template get<std::string>());
  if (!value.is_structured()) return value;
  Json copy = value.is_array() ? Json::array() : Json::object();
  for (const auto& [key, item] : value.items()) {
    if (value.is_array())
      copy.push_back(in_utf8(item));
    else
      copy[text_in_utf8(key)] = in_utf8(item);
  }
  return copy;
}

// Beyond ASCII, and DEL: inside JSON these stand only within texts.
std::string with_escapes(std::string json) {
  if (std::all_of(json.begin(), json.end(), [](char c) { return static_cast<unsigned char>(c) < 0x7F; })) return json;
  std::string escaped;
  for (std::string_view rest = json; !rest.empty();) {
    const auto [size, code] = utf8_character(rest);
    if (code >= 0x7F && code <= 0xFFFF && is_unseen(code)) {
      escaped += fmt::format("\\u{:04x}", code);
    } else {
      escaped += rest.substr(0, size);
    }
    rest.remove_prefix(size);
  }
  return escaped;
}

template <class Json>
std::string dumped(const Json& value, int indent) {
  try {
    return with_escapes(value.dump(indent));
  } catch (const nlohmann::json::type_error&) {  // a text is not UTF-8
    return with_escapes(in_utf8(value).dump(indent));
  }
}

}  // namespace

ordered_json parse_json(std::string_view text, std::string_view where) {
  Builder builder(text, where);
  ordered_json::sax_parse(text, &builder);
  return builder.take();
}

ordered_json json_or_null(std::string_view text) {
  try {
    return parse_json(text, "");
  } catch (const Error&) {
    return nullptr;
  }
}

std::string dump_json(const ordered_json& value, int indent) { return dumped(value, indent); }
std::string dump_json(const nlohmann::json& value, int indent) { return dumped(value, indent); }

}  // namespace farfield
