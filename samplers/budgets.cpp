#include "samplers/budgets.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/error.h"
#include "core/text.h"

namespace farfield {

std::vector<int64_t> parse_nfe(const std::string& text) {
  std::vector<int64_t> numbers;
  try {
    numbers = parse_seeds(text);
  } catch (const Error&) {
    throw usage_error(fmt::format("--nfe is '{}', expected numbers of evaluations such as 3-10 or 4,6", text));
  }
  std::sort(numbers.begin(), numbers.end());
  numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
  return numbers;
}

}  // namespace farfield
