#include "models/registry/model_form.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/data/source.h"
#include "core/error.h"
#include "core/text.h"
#include "models/registry/reference_registry.h"

namespace farfield {
namespace {

// Version 0.1 wrote options as numbers after colons: their keys in that order.
std::vector<std::string> old_keys(const std::string& kind) {
  if (kind == "gaussian") return {"rank"};
  if (kind == "mixture") return {"components", "rank"};
  return {};
}

bool is_number(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

// The row that `text` begins with, followed by a colon, a comma or the end.
const ReferenceKind* kind_at_start(std::string_view text) {
  const ReferenceKind* kind = find_reference(text.substr(0, text.find_first_of(":,")));
  return kind != nullptr && existing_path_length(text) <= kind->name.size() ? kind : nullptr;
}

void set_option(std::string_view text, ModelForm& form, const std::string& key, const std::string& value) {
  if (!form.options.emplace(key, value).second) {
    throw usage_error(fmt::format("{}: option {} is given twice", text, key));
  }
}

[[noreturn]] void refuse_option(std::string_view text, const ReferenceKind& kind, const std::string& key,
                                bool has_source) {
  std::vector<std::string> known = option_keys(kind);
  const auto& of_data = data_source_option_keys();
  if (!has_source && std::ranges::find(of_data, key) != of_data.end()) {
    throw usage_error(
        fmt::format("{}: {}= is an option of a data source; write {}:SRC,{}=...", text, key, kind.name, key));
  }
  if (has_source) known.insert(known.end(), of_data.begin(), of_data.end());
  if (known.empty()) throw usage_error(fmt::format("{}: {} takes no options, got {}", text, kind.name, key));
  throw usage_error(fmt::format("{}: {}", text, unknown_name("option", key, known)));
}

// Takes the kind's options out of `options`; what stays is the data source's.
void take_options(std::string_view text, const ReferenceKind& kind, const std::vector<std::string>& options,
                  ModelForm& form) {
  const std::vector<std::string> own = option_keys(kind), reserved = reference_option_keys();
  const auto& of_data = data_source_option_keys();
  for (const std::string& option : options) {
    const size_t equals = option.find('=');
    const std::string key = option.substr(0, equals);
    if (std::ranges::find(own, key) != own.end()) {
      if (equals == std::string::npos) throw usage_error(fmt::format("{}: write {}=VALUE", text, key));
      set_option(text, form, key, option.substr(equals + 1));
    } else if (form.source && std::ranges::find(of_data, key) != of_data.end()) {
      form.source->options.push_back(option);
    } else {
      refuse_option(text, kind, key, form.source.has_value());
    }
  }
  const auto components = form.options.find("components");
  if (components != form.options.end() && components->second == "classes") {
    form.old_spelling = true;
    form.options.erase(components);
    set_option(text, form, "per", "class");
  }
}

// What follows "KIND:" when it is the old spelling: numbers with colons between them, up to `end`; nothing otherwise.
std::optional<ModelForm> old_form(std::string_view text, const ReferenceKind& kind, std::string_view rest) {
  const std::vector<std::string> words = split(rest.substr(0, rest.find(',')), ':'), keys = old_keys(kind.name);
  ModelForm form{kind.name, {}, {}, true};
  for (size_t i = 0; i < words.size(); ++i) {
    const bool classes = kind.name == "mixture" && i == 0 && words[i] == "classes";
    if (!classes && !is_number(words[i])) return std::nullopt;
    if (i >= keys.size()) {
      throw usage_error(fmt::format("{}: {} takes {} here; a file or folder that is called {} is written ./{}", text,
                                    kind.name, keys.empty() ? "no number" : "no more numbers", words[i], words[i]));
    }
    set_option(text, form, classes ? "per" : keys[i], classes ? "class" : words[i]);
  }
  if (words.empty()) return std::nullopt;
  if (rest.find(',') != std::string_view::npos) {
    throw usage_error(fmt::format("{}: two spellings mixed; {} alone is now written {}, and further options follow it",
                                  text, text.substr(0, text.find(',')), to_text(form)));
  }
  return form;
}

// KEY=VALUE of the kind. Its value is quoted where a file is called as the text without quotes.
std::string option_text(const std::string& key, const std::string& value, PathStyle style) {
  if (style == PathStyle::kPlain) return source_option_text(key + "=" + value);
  return key + "=" + source_text({"", value, {}}, style);
}

std::string text_of(const ModelForm& form, PathStyle style) {
  if (form.kind.empty()) return source_text(form.source.value(), style);
  std::string text = form.kind;
  if (form.source) text += ":" + source_text(*form.source, style);
  const PathStyle of_options = form.source ? PathStyle::kPlain : style;
  const ReferenceKind* kind = find_reference(form.kind);
  check(kind != nullptr, "a form has a kind of the table");
  for (const std::string& key : option_keys(*kind)) {
    const auto found = form.options.find(key);
    if (found != form.options.end()) text.append(",").append(option_text(key, found->second, of_options));
  }
  return text;
}

bool reads_back(const std::string& text, const ModelForm& form) {
  try {
    const ModelForm again = parse_model(text);
    return again == form && !again.old_spelling;
  } catch (const Error&) {  // a path that looks like something else without quotes
    return false;
  }
}

}  // namespace

ModelForm parse_model(std::string_view text) {
  const ReferenceKind* kind = kind_at_start(text);
  if (kind == nullptr) return {"", parse_source(text, {}), {}};
  const std::string_view rest = text.substr(kind->name.size());
  ModelForm form{kind->name, {}, {}};
  if (!rest.starts_with(':')) {
    take_options(text, *kind, parse_source_options(rest), form);
    return form;
  }
  if (auto old = old_form(text, *kind, rest.substr(1))) return std::move(*old);
  SourceForm source = parse_source(rest.substr(1), data_source_prefixes());
  if (source.path.empty()) {
    throw usage_error(
        fmt::format("'{}' names no data; write {}:SRC, or {} alone for that of --data", text, kind->name, kind->name));
  }
  const std::vector<std::string> options = std::exchange(source.options, {});
  form.source = std::move(source);
  take_options(text, *kind, options, form);
  return form;
}

std::string to_text(const ModelForm& form) {
  for (const PathStyle style : {PathStyle::kPlain, PathStyle::kQuoted}) {
    if (const std::string text = text_of(form, style); reads_back(text, form)) return text;
  }
  return text_of(form, PathStyle::kEscaped);
}

}  // namespace farfield
