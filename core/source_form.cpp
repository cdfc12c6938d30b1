#include "core/source_form.h"

#include <algorithm>
#include <charconv>
#include <filesystem>

#include <fmt/format.h>

#include "core/error.h"
#include "core/printable.h"

namespace farfield {
namespace {

constexpr std::string_view kEscapes = "\"\\ntr", kEscaped = "\"\\\n\t\r";

bool exists(std::string_view path) {
  constexpr size_t kLongestPath = 4095;
  std::error_code error;
  return !path.empty() && path.size() <= kLongestPath && path.find('\0') == std::string_view::npos &&
         std::filesystem::exists(std::filesystem::path(path), error) && !error;
}

// "kind:" at the start of `text`, as any kind is written; 0 when there is none.
size_t kind_length(std::string_view text) {
  const size_t colon = text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_-");
  return colon != std::string_view::npos && colon > 0 && text[colon] == ':' ? colon + 1 : 0;
}

// The byte that "NN" of \xNN means; nothing but 01 to ff.
int byte_of(std::string_view digits) {
  int value = 0;
  if (digits.size() < 2) return 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + 2, value, 16);
  return error == std::errc() && end == digits.data() + 2 ? value : 0;
}

// Bytes of the escape that `text` begins with; 0 when it is none.
size_t escape_length(std::string_view text) {
  if (text.size() < 2) return 0;
  if (kEscapes.find(text[1]) != std::string_view::npos) return 2;
  return text[1] == 'x' && byte_of(text.substr(2)) > 0 ? 4 : 0;
}

[[noreturn]] void refuse_quotes(std::string_view text) {
  throw usage_error(
      fmt::format("{}: its quotes are not well formed: close each with a second one, followed by a comma or the "
                  "end; inside them \\\" \\\\ \\n \\t \\r \\xNN are escapes, and nothing else after \\",
                  text));
}

// Rules 2 and 3: where a path or VALUE at the start of `text` ends.
size_t value_length(std::string_view text) {
  if (!text.starts_with('"')) return std::min(text.find(','), text.size());
  const size_t length = quoted_length(text);
  if (length == 0 || (length < text.size() && text[length] != ',')) refuse_quotes(text);
  return length;
}

std::string value_of(std::string_view text) { return text.starts_with('"') ? unquoted(text) : std::string(text); }

// "KEY=VALUE" at the start of `text`, or a word without '='.
size_t option_length(std::string_view text) {
  const size_t equals = text.find('=');
  if (text.starts_with('"') || equals == std::string_view::npos || equals > text.find(',')) return value_length(text);
  return equals + 1 + value_length(text.substr(equals + 1));
}

std::string escaped(std::string_view bytes) {
  std::string text = "\"";
  for (const char c : bytes) text += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
  return text + '"';
}

// One item of a list, in characters that every text file can hold.
std::string portable_item(std::string_view item) {
  if (printable(item) == item) return std::string(item);
  if (exists(item)) return in_quotes(item);
  if (const size_t kind = kind_length(item); kind > 0)
    return std::string(item.substr(0, kind)) + portable_item(item.substr(kind));
  const size_t equals = item.starts_with('"') ? 0 : item.find('=') + 1;
  return std::string(item.substr(0, equals)) + in_quotes(value_of(item.substr(equals)));
}

}  // namespace

SourceForm parse_source(std::string_view text, const std::vector<std::string>& kinds) {
  SourceForm form;
  size_t length = existing_path_length(text);
  const size_t kind = length > 0 ? 0 : kind_length(text);
  if (kind > 0 && std::ranges::find(kinds, text.substr(0, kind - 1)) != kinds.end()) {
    form.kind = text.substr(0, kind - 1);
    text.remove_prefix(kind);
    length = existing_path_length(text);
  }
  const bool plain = length > 0;
  if (!plain) length = value_length(text);
  form.path = plain ? std::string(text.substr(0, length)) : value_of(text.substr(0, length));
  form.options = parse_source_options(text.substr(length));
  return form;
}

std::vector<std::string> parse_source_options(std::string_view text) {
  std::vector<std::string> options;
  for (size_t length = 0; length < text.size();) {
    text.remove_prefix(length + 1);
    length = option_length(text);
    const std::string_view option = text.substr(0, length);
    const size_t start = option.starts_with('"') ? 0 : option.find('=') + 1;
    options.push_back(std::string(option.substr(0, start)) + value_of(option.substr(start)));
  }
  return options;
}

std::string source_option_text(std::string_view option) {
  const size_t equals = option.find('='), start = equals + 1;  // 0 without a key
  if (option.find_first_of(",\"") == std::string_view::npos) return std::string(option);
  const std::string_view key = option.substr(0, start);
  if (key.find_first_of(",\"") != std::string_view::npos) return in_quotes(option);
  return std::string(key) + in_quotes(option.substr(start));
}

std::string source_text(const SourceForm& form, PathStyle style) {
  std::string text = form.kind.empty() ? "" : form.kind + ":";
  text += style == PathStyle::kPlain    ? form.path
          : style == PathStyle::kQuoted ? in_quotes(form.path)
                                        : escaped(form.path);
  for (const std::string& option : form.options) text += "," + source_option_text(option);
  return text;
}

std::string source_text(const SourceForm& form, const std::vector<std::string>& kinds) {
  const auto reads_back = [&](const std::string& text) {
    try {
      return parse_source(text, kinds) == form;
    } catch (const Error&) {  // a path with quotes, written without
      return false;
    }
  };
  for (const PathStyle style : {PathStyle::kPlain, PathStyle::kQuoted}) {
    if (const std::string text = source_text(form, style); reads_back(text)) return text;
  }
  return source_text(form, PathStyle::kEscaped);
}

size_t existing_path_length(std::string_view text) {
  for (size_t end = text.size();;) {
    if (exists(text.substr(0, end))) return end;
    if (end == 0) return 0;
    const size_t comma = text.rfind(',', end - 1);
    if (comma == std::string_view::npos) return 0;
    end = comma;
  }
}

size_t source_item_length(std::string_view list) {
  if (const size_t length = existing_path_length(list); length > 0) return length;
  if (const size_t kind = kind_length(list); kind > 0) return kind + source_item_length(list.substr(kind));
  return option_length(list);
}

std::string portable_sources(std::string_view list) {
  if (printable(list) == list) return std::string(list);
  std::string text;
  for (;;) {
    const size_t length = source_item_length(list);
    text += portable_item(list.substr(0, length));
    if (length >= list.size()) return text;
    list.remove_prefix(length + 1);
    text += ',';
  }
}

size_t quoted_length(std::string_view text) {
  if (!text.starts_with('"')) return 0;
  for (size_t i = 1; i < text.size();) {
    if (text[i] == '"') return i + 1;
    const size_t step = text[i] == '\\' ? escape_length(text.substr(i)) : 1;
    if (step == 0) return 0;
    i += step;
  }
  return 0;
}

std::string unquoted(std::string_view text) {
  check(quoted_length(text) == text.size(), "a quoted text is well formed");
  std::string bytes;
  for (size_t i = 1; i + 1 < text.size();) {
    if (text[i] != '\\') {
      bytes += text[i++];
      continue;
    }
    const size_t step = escape_length(text.substr(i));
    bytes += step == 4 ? static_cast<char>(byte_of(text.substr(i + 2))) : kEscaped[kEscapes.find(text[i + 1])];
    i += step;
  }
  return bytes;
}

std::string in_quotes(std::string_view bytes) {
  std::string text = "\"";
  while (!bytes.empty()) {
    const auto [size, code] = utf8_character(bytes);
    const size_t escape = kEscaped.find(bytes[0]);
    const size_t taken = std::max<size_t>(size, 1);
    if (escape != std::string_view::npos) {
      text += {'\\', kEscapes[escape]};
    } else if (size == 0 || (is_unseen(code) && code != ' ')) {
      for (const char c : bytes.substr(0, taken)) text += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      text += bytes.substr(0, taken);
    }
    bytes.remove_prefix(taken);
  }
  return text + '"';
}

}  // namespace farfield
