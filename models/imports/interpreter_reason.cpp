#include "models/imports/interpreter_reason.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "core/error.h"
#include "core/printable.h"
#include "core/text.h"

namespace farfield {
namespace {

constexpr size_t kLongest = 300;
constexpr std::string_view kHere = "<--- HERE";

// Runs of white space and control characters become one space; cut where it is too long.
std::string on_one_line(std::string_view text) {
  std::string line;
  for (const unsigned char c : text) {
    const bool blank = c <= 0x20 || c == 0x7F;
    if (!blank)
      line += static_cast<char>(c);
    else if (!line.empty() && line.back() != ' ')
      line += ' ';
  }
  if (!line.empty() && line.back() == ' ') line.pop_back();
  return line.size() <= kLongest ? line : std::string(whole_characters(line, kLongest)) + " ...";
}

// "m.py line 4, in forward: return self.c(x)" from the last place that a traceback marks.
std::string innermost_place(const std::vector<std::string>& lines, size_t marked) {
  constexpr std::string_view kFile = "File \"";
  for (size_t i = marked; i-- > 0;) {
    const size_t at = lines[i].find(kFile);
    if (at == std::string::npos) continue;
    std::string place = lines[i].substr(at + kFile.size());
    if (const size_t quote = place.find("\","); quote != std::string::npos) place.erase(quote, 2);
    const std::string code = marked >= 1 && marked - 1 > i ? lines[marked - 1] : "";
    return on_one_line(code.empty() ? place : fmt::format("{}: {}", place, code));
  }
  return "";
}

// Whether a line opens with the name of an exception: "RuntimeError: ..." and not code or a place in it.
bool names_exception(const std::string& line) {
  const size_t end = line.find(": ");
  if (end == std::string::npos || end == 0 || std::isalpha(static_cast<unsigned char>(line[0])) == 0) return false;
  return std::all_of(line.begin(), line.begin() + static_cast<std::ptrdiff_t>(end),
                     [](unsigned char c) { return std::isalnum(c) != 0 || c == '_' || c == '.'; });
}

// The exception behind the last traceback, which more lines of code or of a tracer's places may follow; without one the
// last line that is not empty.
std::string message_behind(const std::vector<std::string>& lines, size_t marked) {
  std::string message, last;
  for (size_t i = marked + 1; i < lines.size(); ++i) {
    if (message.empty() && !names_exception(lines[i])) {
      if (lines[i].find_first_not_of(" \t\r") != std::string::npos) last = lines[i];
      continue;
    }
    message += lines[i] + "\n";
  }
  return on_one_line(message.empty() ? last : message);
}

}  // namespace

std::string first_line(const std::exception& error) {
  const std::string text = words_of(error);
  const size_t start = text.find_first_not_of("\r\n ");
  if (start == std::string::npos) return "no reason given";
  return on_one_line(text.substr(start, text.find('\n', start) - start));
}

std::string reason_of(const std::exception& error) {
  const std::vector<std::string> lines = split(words_of(error), '\n');
  const auto last = std::find_if(lines.rbegin(), lines.rend(),
                                 [](const std::string& line) { return line.find(kHere) != std::string::npos; });
  if (last == lines.rend()) return first_line(error);
  const auto marked = static_cast<size_t>(lines.rend() - last) - 1;
  const std::string message = message_behind(lines, marked);
  if (message.empty()) return first_line(error);
  const std::string place = innermost_place(lines, marked);
  return place.empty() ? message : fmt::format("{} (at {})", message, place);
}

}  // namespace farfield
