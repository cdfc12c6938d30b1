#include "analysis/page/file_word.h"

#include <cctype>

namespace farfield {

std::string file_word(std::string_view name) {
  std::string word;
  for (const char c : name) word += std::isalnum(static_cast<unsigned char>(c)) ? c : '-';
  return word.substr(0, 60);
}

}  // namespace farfield
