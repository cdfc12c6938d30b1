#include "core/data/label_entries.h"

#include <algorithm>
#include <cctype>
#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/data/image_names.h"
#include "core/data/text_classes.h"
#include "core/error.h"
#include "core/io/json.h"
#include "core/limits.h"
#include "core/text.h"

namespace farfield {
namespace {

using Json = nlohmann::ordered_json;

bool is_labels_key(const std::string& key) {
  constexpr std::string_view kKey = "labels";
  return std::equal(key.begin(), key.end(), kKey.begin(), kKey.end(),
                    [](unsigned char a, unsigned char b) { return std::tolower(a) == b; });
}

std::vector<LabelEntry> pairs_of(Json& list, const std::string& where) {
  std::vector<LabelEntry> entries;
  for (auto& entry : list) {
    if (!entry.is_array() || entry.size() != 2 || !entry[0].is_string()) {
      throw bad_file(where, fmt::format("entry {} of labels is not [\"path\", label]", entries.size()));
    }
    entries.push_back({entry[0].get<std::string>(), std::make_shared<const Json>(std::move(entry[1]))});
  }
  return entries;
}

std::vector<LabelEntry> members_of(Json& object) {
  std::vector<LabelEntry> entries;
  for (auto member = object.begin(); member != object.end(); ++member) {
    entries.push_back({member.key(), std::make_shared<const Json>(std::move(member.value()))});
  }
  return entries;
}

// {"a.png": 3}: a list of labels by itself.
bool names_pictures(const Json& object) {
  for (auto member = object.begin(); member != object.end(); ++member) {
    if (is_picture_name(member.key()) || is_other_picture_name(member.key())) return true;
  }
  return false;
}

// The class a one-hot row stands for.
int64_t one_hot_class(const Json& row, const std::string& where, const std::string& image) {
  int64_t found = -1, ones = 0;
  for (size_t i = 0; i < row.size(); ++i) {
    const bool one = row[i].is_number() && row[i].get<double>() == 1;
    if (!one && !(row[i].is_number() && row[i].get<double>() == 0)) ones = 2;
    if (one) {
      found = static_cast<int64_t>(i);
      ++ones;
    }
  }
  if (ones == 1) return found;
  throw bad_file(where, fmt::format("the label of {} is a row that is not one-hot; only classes are supported, "
                                    "leave the labels out with labels=no",
                                    quote(image)));
}

// A label as a message shows it.
std::string shown(const Json& label) {
  if (label.is_structured()) return fmt::format("an {} of {}", label.type_name(), label.size());
  return quote(dump_json(label));
}

// The class of one label, and how many classes it proves to exist.
std::pair<int64_t, int64_t> class_of(const Json& label, const std::string& where, const std::string& image) {
  if (label.is_array() && label.size() != 1) {
    return {one_hot_class(label, where, image), static_cast<int64_t>(label.size())};
  }
  const Json& value = label.is_array() ? label[0] : label;
  const double number = value.is_number() ? value.get<double>() : -1;
  if (!(number >= 0 && number < limits::kMostClasses && number == std::floor(number))) {
    throw bad_file(where, fmt::format("the label of {} is {}, expected a class from 0 to {}", quote(image),
                                      shown(value), limits::kMostClasses - 1));
  }
  return {static_cast<int64_t>(number), static_cast<int64_t>(number) + 1};
}

LabelClasses text_classes(const std::vector<const LabelEntry*>& labels, const std::string& where) {
  std::vector<std::string> texts;
  for (const auto* entry : labels) {
    if (!entry->label->is_string()) {
      throw bad_file(where, fmt::format("the label of {} is no text, that of {} is one; expected one form for all",
                                        quote(entry->image), quote(labels.front()->image)));
    }
    texts.push_back(entry->label->get<std::string>());
  }
  auto numbered = number_texts(texts, where, "different texts");
  const int64_t count = std::ssize(numbered.names);
  return {std::move(numbered.classes), count, std::move(numbered.names)};
}

}  // namespace

LabelEntries parse_label_entries(std::string_view json, const std::string& where) {
  Json document = parse_json(json, where);
  if (document.is_array() && !document.empty()) return {LabelEntries::Form::kList, pairs_of(document, where)};
  if (!document.is_object()) throw bad_file(where, "neither a JSON object nor a list of [\"path\", label]");
  auto found = document.begin();
  while (found != document.end() && !is_labels_key(found.key())) ++found;
  if (found == document.end()) {
    if (!names_pictures(document)) return {LabelEntries::Form::kNoLabels, {}};
    return {LabelEntries::Form::kList, members_of(document)};
  }
  Json& labels = found.value();
  if (labels.is_null()) return {LabelEntries::Form::kNull, {}};
  if (labels.is_array()) return {LabelEntries::Form::kList, pairs_of(labels, where)};
  if (labels.is_object()) return {LabelEntries::Form::kList, members_of(labels)};
  throw bad_file(where, "\"labels\" is neither a list of [\"path\", label], an object nor null");
}

LabelClasses classes_of(const std::vector<const LabelEntry*>& labels, const std::string& where) {
  if (!labels.empty() && labels.front()->label->is_string()) return text_classes(labels, where);
  LabelClasses result;
  for (const auto* entry : labels) {
    const auto [number, at_least] = class_of(*entry->label, where, entry->image);
    result.classes.push_back(number);
    result.label_dim = std::max(result.label_dim, at_least);
  }
  return result;
}

}  // namespace farfield
