#include "core/data/image_labels.h"

#include <algorithm>
#include <unordered_map>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/text.h"

namespace farfield {
namespace {

using Json = nlohmann::json;

constexpr int64_t kMostClasses = 1'000'000;

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
                                    "leave the labels out with labels=no", quote(image)));
}

// The class of one label, and how many classes it proves to exist.
std::pair<int64_t, int64_t> class_of(const Json& label, const std::string& where, const std::string& image) {
  if (label.is_array()) {
    return {one_hot_class(label, where, image), static_cast<int64_t>(label.size())};
  }
  const bool whole = label.is_number_integer() && label >= 0 && label < kMostClasses;
  if (!whole) {
    throw bad_file(where, fmt::format("the label of {} is {}, expected a class from 0 to {}", quote(image),
                                      quote(label.dump(-1, ' ', true, Json::error_handler_t::replace)),
                                      kMostClasses - 1));
  }
  return {label.get<int64_t>(), label.get<int64_t>() + 1};
}

std::unordered_map<std::string, const Json*> by_image(const Json& list, const std::string& where) {
  std::unordered_map<std::string, const Json*> labels;
  for (const auto& entry : list) {
    if (!entry.is_array() || entry.size() != 2 || !entry[0].is_string()) {
      throw bad_file(where, fmt::format("entry {} of labels is not [\"path\", label]", labels.size()));
    }
    auto name = entry[0].get<std::string>();
    std::replace(name.begin(), name.end(), '\\', '/');
    if (!labels.emplace(name, &entry[1]).second) {
      throw bad_file(where, quote(name) + " has two labels");
    }
  }
  return labels;
}

}  // namespace

RawSamples parse_image_labels(std::string_view json, const std::string& where, const std::vector<std::string>& images) {
  const Json document = Json::parse(json, nullptr, false);
  if (document.is_discarded() || !document.is_object()) throw bad_file(where, "not a JSON object");
  RawSamples raw;
  const auto list = document.find("labels");
  if (list == document.end() || list->is_null()) return raw;
  if (!list->is_array()) throw bad_file(where, "\"labels\" is neither a list nor null");
  const auto labels = by_image(*list, where);
  std::vector<int64_t> classes;
  for (const auto& image : images) {
    const auto label = labels.find(image);
    if (label == labels.end()) throw bad_file(where, "no label for " + quote(image) + "; leave the labels out with labels=no");
    const auto [number, at_least] = class_of(*label->second, where, image);
    classes.push_back(number);
    raw.label_dim = std::max(raw.label_dim, at_least);
  }
  raw.labels = torch::tensor(classes, torch::kInt64);
  return raw;
}

}  // namespace farfield
