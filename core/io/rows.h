#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace farfield {

using Cell = std::variant<std::monostate, int64_t, double, std::string>;  // monostate: an empty cell

// A table with named columns. Numbers are written in the shortest form that reads back exactly, in every locale.
struct Table {
  std::vector<std::string> columns;
  std::vector<std::vector<Cell>> rows;

  void add(std::vector<Cell> row);  // a bug (check) when the width differs
  std::string csv() const;          // RFC 4180, header line, \n
  std::string json() const;         // an array of objects; inf and nan as strings
};
void write_csv(const std::filesystem::path& path, const Table& table);  // atomic

// JSON lines, each handed to the system as it is appended, so that a running job can be watched. On opening, a torn last
// line (a crash) is cut off. io_error when the file cannot be opened, is no regular file, or the disk is full.
class JsonLines {
 public:
  explicit JsonLines(const std::filesystem::path& path);
  ~JsonLines();
  JsonLines(const JsonLines&) = delete;
  JsonLines& operator=(const JsonLines&) = delete;
  void append(std::string_view json_object);

 private:
  int descriptor_;
  std::string path_;
};

}  // namespace farfield
