#pragma once

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace farfield::test {

// All bytes of a small file; empty where there is none.
inline std::string text_of(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// Makes or replaces a file.
inline void put(const std::filesystem::path& file, const std::string& text) { std::ofstream(file) << text; }

}  // namespace farfield::test
