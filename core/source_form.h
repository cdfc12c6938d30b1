#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace farfield {

// SRC and MODEL, the texts that name data and models: [KIND:]PATH[,KEY=VALUE...]. Paths are bytes, so one rule says where each
// ends:
//   1. What exists is taken first: the longest part from the start to a comma or the end that names a file or folder is the
//      path, whatever its characters. The same is asked again after KIND:.
//   2. A path or VALUE in double quotes ends with the closing one. Inside them \" \\ \n \t \r and \xNN (a byte) are escapes.
//   3. Any other path or VALUE ends at the first comma.

struct SourceForm {
  std::string kind;  // one of `kinds`, or ""
  std::string path;
  std::vector<std::string> options;  // "key=value", without quotes
  bool operator==(const SourceForm&) const = default;
};

// usage_error for a quote that is not closed, an unknown escape, or more text after a closing quote.
SourceForm parse_source(std::string_view text, const std::vector<std::string>& kinds);
// The options alone: a text of ",KEY=VALUE" again and again, or "".
std::vector<std::string> parse_source_options(std::string_view text);

// How a path is written: as it is, in quotes, or in quotes with every byte as an escape, which no file is called by.
enum class PathStyle { kPlain, kQuoted, kEscaped };
std::string source_text(const SourceForm& form, PathStyle style);
// The plainest text that parse_source takes for `form`.
std::string source_text(const SourceForm& form, const std::vector<std::string>& kinds);
// "KEY=VALUE" as it stands after a comma, with quotes where it needs them.
std::string source_option_text(std::string_view option);

// The length of the path that `text` begins with by rule 1; 0 when nothing of that name exists.
size_t existing_path_length(std::string_view text);
// The length of the first item of a comma-separated list of sources and their options, whatever their kinds.
size_t source_item_length(std::string_view list);
// Such a list in characters that every text file can hold: the same text unless some of its bytes need an escape.
std::string portable_sources(std::string_view list);

// The length of the quoted text that `text` begins with, quotes included; 0 when there is none that is well formed.
size_t quoted_length(std::string_view text);
// What the quotes and escapes of a well formed quoted text stand for.
std::string unquoted(std::string_view text);
// The quoted text that stands for `bytes`, in printable characters.
std::string in_quotes(std::string_view bytes);

}  // namespace farfield
