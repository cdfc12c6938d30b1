#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <torch/types.h>

#include "core/config/config.h"

namespace farfield {

// Moving averages of the weights. The first, EDM's by a half-life in images, is what is previewed, probed and sampled
// from; the others are kept beside it.
struct EmaOptions {
  int64_t halflife_images = 500'000;               // >= 0; 0: no averaging (EDM, --ema 0.5 Mimg)
  double ramp_ratio = 0.05;                        // > 0: a half-life is at most ramp_ratio * images seen; 0: no ramp
  std::vector<int64_t> more_halflife_images = {};  // of further averages by the same rule, each > 0, no two alike
  std::vector<double> sigma_rel = {};              // of power-function averages, each in (0, 0.2886), no two alike

  // From an `ema` section with these names.
  static EmaOptions from_config(const Config& ema);
  void validate() const;
};

// The weight of the old average in an update after `batch` images, `images` seen before it:
// 0.5^(batch / max(half, 1e-8)) with half = min(halflife, images * ramp_ratio). 0 on the first step: a copy.
double ema_beta(const EmaOptions& options, int64_t images, int64_t batch);

// Power-function averaging (Karras et al. 2024, "Analyzing and improving the training dynamics of diffusion models",
// section 3.1): the average at time t weighs the weights at tau <= t with (gamma + 1) tau^gamma / t^(gamma + 1).
// The relative width sigma_rel = sqrt(gamma + 1) / ((gamma + 2) sqrt(gamma + 3)) (equation 8), solved for gamma > 0.
double power_gamma(double sigma_rel);
// (1 - batch / (images + batch))^(gamma + 1) (equation 4). 0 on the first step: a copy.
double power_beta(double gamma, int64_t images, int64_t batch);

// The averages beside the first: a name for files and states ("halflife-1000000", "power-0.05") and the rule.
struct AverageRule {
  std::string name;
  std::function<double(int64_t images, int64_t batch)> beta;
};
std::vector<AverageRule> further_averages(const EmaOptions& options);
std::string power_average_name(double sigma_rel);

// average = parameters + beta (average - parameters), in place, over flat buffers. Returns whether all of it is finite.
bool update_ema(torch::Tensor& average, const torch::Tensor& parameters, double beta);

}  // namespace farfield
