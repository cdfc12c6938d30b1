#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace farfield {

// One line of a label file.
struct LabelEntry {
  std::string image;                                    // a path, as it is written
  std::shared_ptr<const nlohmann::ordered_json> label;  // anything
};

// What a label file lists, in any of the forms that read_image_labels() takes.
struct LabelEntries {
  enum class Form { kList, kNull, kNoLabels };  // kNull: {"labels": null}; kNoLabels: an object without "labels"
  Form form = Form::kList;
  std::vector<LabelEntry> entries;  // of a list
};

// bad_file naming `where` for what has none of these forms.
LabelEntries parse_label_entries(std::string_view json, const std::string& where);

// The classes that labels stand for, as numbers.
struct LabelClasses {
  std::vector<int64_t> classes;  // of each label
  int64_t label_dim = 0;
  std::vector<std::string> label_names;  // empty for numbers
};

// bad_file naming `where` and the first image whose label is no class; for texts beside numbers, too.
LabelClasses classes_of(const std::vector<const LabelEntry*>& labels, const std::string& where);

}  // namespace farfield
