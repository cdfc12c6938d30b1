#include "samplers/churn.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <string>

#include "core/error.h"
#include "core/limits.h"
#include "core/text.h"

namespace farfield {

void Churn::validate() const {
  constexpr double kMostChurn = 1e6, kMostNoise = 100;  // a step has at most sqrt(2) - 1 of its share of the former
  const auto require = [](bool holds, const std::string& name, double value, const std::string& constraint) {
    if (!holds) throw usage_error("churn: " + name + " is " + format_double(value) + ", expected " + constraint);
  };
  require(s_churn >= 0 && s_churn <= kMostChurn, "s_churn", s_churn, "a number from 0 to " + format_double(kMostChurn));
  require(s_min >= 0 && s_min <= limits::kHighestSigma, "s_min", s_min,
          "a noise level from 0 to " + format_double(limits::kHighestSigma));
  require(s_max >= s_min, "s_max", s_max, "a noise level >= s_min = " + format_double(s_min));
  require(s_noise > 0 && s_noise <= kMostNoise, "s_noise", s_noise,
          "a number > 0, at most " + format_double(kMostNoise));
}

double Churn::raised(double sigma, int64_t steps) const {
  if (sigma < s_min || sigma > s_max) return sigma;
  const double gamma = std::min(s_churn / static_cast<double>(steps), std::sqrt(2.0) - 1);
  return sigma * (1 + gamma);
}

Churn parse_churn(std::string_view text) {
  Churn churn;
  double* const fields[] = {&churn.s_churn, &churn.s_min, &churn.s_max, &churn.s_noise};
  const auto parts = split(text, ',');
  if (parts.empty() || parts.size() > std::size(fields)) {
    throw usage_error("churn: expected S_CHURN,S_MIN,S_MAX,S_NOISE, got '" + std::string(text) + "'");
  }
  for (size_t i = 0; i < parts.size(); ++i) *fields[i] = parse_double(parts[i], "churn");
  churn.validate();
  return churn;
}

}  // namespace farfield
