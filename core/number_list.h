#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace farfield {

// Positive numbers as typed: "0.1,1,10" (sorted here), or LOW:HIGH:COUNT, evenly spaced in the logarithm, both ends exact.
// usage_error naming `what` ("--sigmas") for anything else; the numbers of a list are the caller's to check.
std::vector<double> parse_number_list(const std::string& text, std::string_view what);

}  // namespace farfield
