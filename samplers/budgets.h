#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace farfield {

// Budgets of evaluations, "3-10" or "4,6": rising, each once. usage_error naming --nfe.
std::vector<int64_t> parse_nfe(const std::string& text);

}  // namespace farfield
