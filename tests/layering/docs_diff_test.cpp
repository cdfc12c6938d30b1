// The walks through a change in docs/adding-a-*.md show code of this tree: every line they add stands in a source.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace {
namespace fs = std::filesystem;

std::string trimmed(const std::string& line) {
  const size_t first = line.find_first_not_of(' ');
  return first == std::string::npos ? "" : line.substr(first);
}

std::set<std::string> source_lines() {
  std::set<std::string> lines;
  for (const char* folder : {"models", "samplers", "analysis", "tests"}) {
    for (const auto& entry : fs::recursive_directory_iterator(fs::path(FARFIELD_SOURCE_DIR) / folder)) {
      if (entry.path().extension() != ".cpp" && entry.path().extension() != ".h") continue;
      std::ifstream stream(entry.path());
      for (std::string line; std::getline(stream, line);) lines.insert(trimmed(line));
    }
  }
  return lines;
}

// The lines that begin with '+' in the ```diff blocks of a page, without "...".
std::vector<std::string> added_lines(const fs::path& page) {
  std::vector<std::string> added;
  std::ifstream stream(page);
  bool diff = false;
  for (std::string line; std::getline(stream, line);) {
    if (line.starts_with("```")) diff = line == "```diff";
    if (diff && line.starts_with('+') && trimmed(line.substr(1)) != "...") added.push_back(trimmed(line.substr(1)));
  }
  return added;
}

TEST(Docs, DiffsAreOfThisTree) {
  const auto lines = source_lines();
  int pages = 0;
  for (const auto& entry : fs::directory_iterator(fs::path(FARFIELD_SOURCE_DIR) / "docs")) {
    const auto added = added_lines(entry.path());
    pages += added.empty() ? 0 : 1;
    for (const auto& line : added) EXPECT_TRUE(lines.contains(line)) << entry.path() << ": " << line;
  }
  EXPECT_GE(pages, 2);
}

}  // namespace
