#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace farfield {

// Texts as classes: the different ones in sorted order are numbered from 0.
struct TextClasses {
  std::vector<int64_t> classes;    // of each text
  std::vector<std::string> names;  // of each class
};

// bad_file naming `where` for more than limits::kMostClasses; `what` they are: "different texts".
TextClasses number_texts(const std::vector<std::string>& texts, const std::string& where, const std::string& what);

}  // namespace farfield
