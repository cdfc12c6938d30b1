#pragma once

#include <cstdint>
#include <string_view>

#include "samplers/schedules/vp_time.h"

namespace farfield {

// What the formula of a schedule works on: every option resolved, 0 <= sigma_min < sigma_max.
struct ScheduleRange {
  double sigma_min, sigma_max;
  double rho;                    // 1 where the schedule has no exponent
  std::string_view variant;      // the table of a schedule that has several
  double vp_end = VpTime::kEnd;  // the time of sigma_min in a schedule over VP time
};

// Level `index` of 0 ... `intervals`.
struct LevelPlace {
  int64_t index, intervals;
  double fraction() const { return static_cast<double>(index) / static_cast<double>(intervals); }
};

// The formulas of the schedules, r = i/n the fraction of the way. Every level comes from its index, nothing is
// accumulated. Below, s = sigma_min and S = sigma_max.

// (S^(1/rho) + r (s^(1/rho) - S^(1/rho)))^rho. Karras et al. 2022, eq. 5; rho = 1 is linear in sigma, 2 in its root.
double polynomial_level(const ScheduleRange& range, LevelPlace place);

// s + (1 - r)^2 (S - s), quadratic in sigma itself (Chen et al. 2023, B.4). polynomial_level with rho = 2 is quadratic in the root.
double quadratic_sigma_level(const ScheduleRange& range, LevelPlace place);

// exp((1 - r)^rho (ln S - ln s) + ln s); k-diffusion's polyexponential. With rho = 1 uniform in the log of the
// signal-to-noise ratio, which is also EDM's discretisation "ve" (t = sigma^2 geometric).
double polyexponential_level(const ScheduleRange& range, LevelPlace place);

// Powers of a uniform grid in the time of the variance-preserving process that runs from S at t = 1 to s at t = e
// (samplers/schedules/vp_time.h), e = vp_end: t = (1 + r (e^(1/rho) - 1))^rho. diff-sampler's time_uniform; with rho = 1 EDM's
// discretisation "vp" and k-diffusion's get_sigmas_vp.
double vp_uniform_level(const ScheduleRange& range, LevelPlace place);

// Entry round(r (n_u - 1)) of those n_u of iDDPM's 1000 noise levels that lie in [s, S]: u_1000 = 0,
// u_(j-1) = sqrt((u_j^2 + 1) / max(abar_(j-1) / abar_j, 1e-3) - 1), abar_j = sin^2(pi/2 j / (1000 (0.008 + 1))).
// EDM's discretisation "iddpm" (Karras et al. 2022, table 1). The ends are entries of the table too.
// usage_error when no entry lies in the range.
double iddpm_level(const ScheduleRange& range, LevelPlace place);

// Powers of a uniform grid in the training time of Stable Diffusion, t = k/1000 for the k-th of its 1000 levels
// (beta from 0.00085 to 0.012, linear in the root), ln alpha linear between them and beyond:
// t = (T_S^(1/rho) + r (T_s^(1/rho) - T_S^(1/rho)))^rho. diff-sampler's "discrete", which leaves T_S without its 1/rho
// and so means something with rho = 1 only.
double discrete_level(const ScheduleRange& range, LevelPlace place);
double discrete_sigma(double t);  // of that process; t = 1/1000 and 1 are the ends of its table

// The ten-step tables of "Align Your Steps" (Sabour et al. 2024) for sd15, sdxl and svd; between their entries
// ln sigma is linear in the index. sd15_timesteps: that for sd15 as the training timesteps that were printed with it. Uses
// range.variant alone.
double ays_level(const ScheduleRange& range, LevelPlace place);

// The ten steps that GITS found for Stable Diffusion 1.5 (Chen et al. 2024, figure 7), printed as timesteps; between them as
// ays_level(). Timestep k of 0 ... 999 is discrete_sigma((k + 1) / 1000).
double gits_sd15_level(const ScheduleRange& range, LevelPlace place);

}  // namespace farfield
