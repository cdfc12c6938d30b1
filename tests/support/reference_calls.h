#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace farfield::test {

// The options that a kind of reference cannot do without, for data of a shape: mixture's components=3, a heat map for
// pspc-flex (a file that lasts as long as the test). Empty for most kinds.
std::map<std::string, std::string> needed_options(const std::string& kind, const std::vector<int64_t>& shape);

}  // namespace farfield::test
