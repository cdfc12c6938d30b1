#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace farfield {

// NAME[,option=value...] taken apart; `what` it names, for messages: "solver". usage_error for an option twice or without
// a value.
struct NamedOptions {
  std::string name;
  std::map<std::string, std::string> options;
};
NamedOptions parse_named_options(std::string_view what, std::string_view text);

// The keys of the options that a table's row lists, "rank=" or "tail=zero|mean": "rank", "tail".
std::vector<std::string> option_keys(const std::vector<std::string>& forms);

}  // namespace farfield
