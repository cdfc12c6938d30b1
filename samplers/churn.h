#pragma once

#include <cstdint>
#include <limits>
#include <string_view>

namespace farfield {

// EDM's stochastic noise injection (Karras et al. 2022, algorithm 2, there S_churn, S_tmin, S_tmax, S_noise): before a
// step from sigma, when s_min <= sigma <= s_max, gamma = min(s_churn / N, sqrt(2) - 1) raises the noise level to
// sigma (1 + gamma) by adding fresh noise of standard deviation s_noise sqrt(sigma_hat^2 - sigma^2).
struct Churn {
  double s_churn = 0;  // >= 0; 0: deterministic
  double s_min = 0;    // noise levels, 0 <= s_min <= s_max
  double s_max = std::numeric_limits<double>::infinity();
  double s_noise = 1;  // > 0; slightly above 1 makes up for lost detail

  void validate() const;                             // usage_error with name, value and constraint
  double raised(double sigma, int64_t steps) const;  // sigma_hat >= sigma, for a run of `steps` steps
};

// "S_CHURN,S_MIN,S_MAX,S_NOISE"; what is left out at the end keeps its default. Validated.
Churn parse_churn(std::string_view text);

}  // namespace farfield
