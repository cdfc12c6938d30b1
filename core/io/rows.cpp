#include "core/io/rows.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>
#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/io/file.h"
#include "core/io/json.h"
#include "core/printable.h"
#include "core/text.h"

namespace farfield {
namespace {

// RFC 4180: quotes around what holds a separator or a quote, and quotes inside doubled. An apostrophe before what a
// spreadsheet would take for a formula.
std::string csv_text(const std::string& bytes) {
  std::string text = printable(bytes);
  if (!text.empty() && std::string_view("=+-@").find(text[0]) != std::string_view::npos) text.insert(0, 1, '\'');
  if (text.find_first_of(",\"") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

std::string csv_cell(const Cell& cell) {
  if (const auto* whole = std::get_if<int64_t>(&cell)) return std::to_string(*whole);
  if (const auto* number = std::get_if<double>(&cell)) return format_double(*number);
  if (const auto* text = std::get_if<std::string>(&cell)) return csv_text(*text);
  return "";
}

std::string csv_line(const std::vector<std::string>& cells) {
  // One empty cell alone would read as a blank line.
  return (cells.size() == 1 && cells[0].empty() ? "\"\"" : join(cells, ",")) + "\n";
}

std::string json_text(const std::string& text) { return dump_json(nlohmann::json(text)); }

std::string json_cell(const Cell& cell) {
  if (const auto* whole = std::get_if<int64_t>(&cell)) return std::to_string(*whole);
  if (const auto* number = std::get_if<double>(&cell)) {
    const std::string text = format_double(*number);
    return std::isfinite(*number) ? text : json_text(text);
  }
  if (const auto* text = std::get_if<std::string>(&cell)) return json_text(*text);
  return "null";
}

void write_all(int descriptor, std::string_view text, const std::string& path) {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw io_error("cannot append to " + path, errno);
    text.remove_prefix(static_cast<size_t>(written));
  }
}

// The length of the file up to and with its last line end.
off_t length_of_whole_lines(int descriptor, off_t size, const std::string& path) {
  char block[4096];
  for (off_t end = size; end > 0;) {
    const off_t begin = std::max<off_t>(0, end - static_cast<off_t>(sizeof(block)));
    const ssize_t got = ::pread(descriptor, block, static_cast<size_t>(end - begin), begin);
    if (got < 0 && errno == EINTR) continue;
    if (got != end - begin) throw io_error("cannot read " + path, got < 0 ? errno : EIO);
    const size_t line_end = std::string_view(block, static_cast<size_t>(got)).rfind('\n');
    if (line_end != std::string_view::npos) return begin + static_cast<off_t>(line_end) + 1;
    end = begin;
  }
  return 0;
}

}  // namespace

void Table::add(std::vector<Cell> row) {
  check(row.size() == columns.size(), "a row has one cell for each column");
  rows.push_back(std::move(row));
}

std::string Table::csv() const {
  std::vector<std::string> cells;
  for (const auto& column : columns) cells.push_back(csv_text(column));
  std::string text = csv_line(cells);
  for (const auto& row : rows) {
    cells.clear();
    for (const auto& cell : row) cells.push_back(csv_cell(cell));
    text += csv_line(cells);
  }
  return text;
}

std::string Table::json() const {
  std::vector<std::string> objects;
  for (const auto& row : rows) {
    std::vector<std::string> fields;
    for (size_t i = 0; i < row.size(); ++i) fields.push_back(json_text(columns[i]) + ": " + json_cell(row[i]));
    objects.push_back("{" + join(fields, ", ") + "}");
  }
  return "[" + join(objects, ",\n ") + "]";
}

void write_csv(const std::filesystem::path& path, const Table& table) { write_file_atomically(path, table.csv()); }

JsonLines::JsonLines(const std::filesystem::path& path)
    : descriptor_(::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK, 0666)),
      path_(path.string()) {
  if (descriptor_ < 0) throw io_error("cannot write " + path_, errno);
  try {
    struct stat status{};
    if (::fstat(descriptor_, &status) != 0) throw io_error("cannot write " + path_, errno);
    if (!S_ISREG(status.st_mode)) throw io_error("cannot write " + path_ + ": it is not a regular file");
    const off_t whole = length_of_whole_lines(descriptor_, status.st_size, path_);
    if (whole != status.st_size && ::ftruncate(descriptor_, whole) != 0) throw io_error("cannot cut " + path_, errno);
  } catch (...) {
    ::close(descriptor_);
    throw;
  }
}

JsonLines::~JsonLines() { ::close(descriptor_); }

void JsonLines::append(std::string_view json_object) {
  check(json_object.find('\n') == std::string_view::npos, "a JSON line is one line");
  write_all(descriptor_, std::string(json_object) + "\n", path_);
}

}  // namespace farfield
