#include "core/data/text_classes.h"

#include <map>

#include <fmt/format.h>

#include "core/error.h"
#include "core/limits.h"

namespace farfield {

TextClasses number_texts(const std::vector<std::string>& texts, const std::string& where, const std::string& what) {
  std::map<std::string, int64_t> numbers;
  for (const auto& text : texts) numbers.emplace(text, 0);
  if (std::ssize(numbers) > limits::kMostClasses) {
    throw bad_file(where,
                   fmt::format("{} {}, expected at most {} classes", numbers.size(), what, limits::kMostClasses));
  }
  TextClasses result;
  for (auto& [text, number] : numbers) {
    number = std::ssize(result.names);
    result.names.push_back(text);
  }
  for (const auto& text : texts) result.classes.push_back(numbers.at(text));
  return result;
}

}  // namespace farfield
