#include "analysis/deviation/bandwidth.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/error.h"
#include "core/limits.h"
#include "core/named_options.h"
#include "core/option_values.h"
#include "core/text.h"

namespace farfield {
namespace {

constexpr double kLeastFactor = 1e-6, kLargestFactor = 1e6;

bool is_number(std::string_view text) {
  return !text.empty() && std::string_view("0123456789.+-").find(text.front()) != std::string_view::npos;
}

double fixed_bandwidth(std::string_view text) {
  const double h = parse_double(text, "--bandwidth");
  if (!limits::is_sigma(h)) {
    throw usage_error(fmt::format("--bandwidth: {}, expected a number from {} to {}", format_double(h),
                                  format_double(limits::kLowestSigma), format_double(limits::kHighestSigma)));
  }
  return h;
}

}  // namespace

std::string Bandwidth::text() const {
  if (fixed_) return format_double(*fixed_);
  return factor_ == 1 ? "sigma" : "scaled,c=" + format_double(factor_);
}

std::optional<Bandwidth> parse_bandwidth(std::string_view text) {
  if (is_number(text)) return Bandwidth::fixed(fixed_bandwidth(text));
  const auto [name, given] = parse_named_options("bandwidth", text);
  if (name == "scaled") {
    if (given.size() != 1 || !given.contains("c"))
      throw usage_error("--bandwidth scaled: expected its one option, scaled,c=2 for twice the noise level");
    return Bandwidth::scaled(OptionValues("bandwidth", name, given).number_from("c", 1, kLeastFactor, kLargestFactor));
  }
  if (!given.empty()) throw usage_error(fmt::format("--bandwidth {}: takes no options", name));
  if (name == "sigma") return Bandwidth::scaled(1);
  if (name == "none") return std::nullopt;
  throw usage_error(unknown_name("bandwidth", name, {"sigma", "scaled", "none"}) + ", or a number");
}

}  // namespace farfield
