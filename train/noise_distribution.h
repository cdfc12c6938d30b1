#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include <torch/types.h>

#include "core/config/config.h"

namespace farfield {

// Which noise levels a network is trained on.
struct NoiseDistributionOptions {
  std::string name = "lognormal";  // see noise_distribution_names()
  double p_mean = -1.2;            // lognormal: mean of ln sigma (Karras et al. 2022, table 1)
  double p_std = 1.2;              // lognormal: standard deviation of ln sigma, > 0
  double sigma_min = 0;            // lognormal, loguniform, range, t_uniform: the levels end here; lognormal,
                                   // t_uniform: 0 = no end
  double sigma_max = std::numeric_limits<double>::infinity();  // above sigma_min; lognormal: inf = no end
  bool stratified = false;  // one level in each of `batch` equal quantile cells, instead of independent ones

  // From a `loss` section: noise (default `name`), p_mean, p_std, sigma_min, sigma_max, stratified. loguniform and range
  // run from 0.002 to 80, t_uniform from 0 to 80 unless told otherwise. usage_error for a key that the named distribution does not have.
  static NoiseDistributionOptions from_config(const Config& loss, const std::string& name);
  void validate() const;  // usage_error naming field, value and constraint
};

// A distribution over sigma as its quantile function: u [B] float64 in (0, 1) -> sigma [B] float64, rising, within
// [sigma_min, sigma_max]. The caller chooses u: independent draws, or one in each cell of a batch (stratify()).
struct NoiseDistribution {
  std::function<torch::Tensor(const torch::Tensor& u)> quantile;
  double sigma_min, sigma_max;  // of its support
  torch::Tensor operator()(const torch::Tensor& u) const { return quantile(u).clamp(sigma_min, sigma_max); }
};

// lognormal   ln sigma ~ N(p_mean, p_std^2), cut to [sigma_min, sigma_max] (Karras et al. 2022, table 1, without the cut)
// loguniform  ln sigma uniform between the ends
// range       lognormal fitted to a range: centred between its ends, which lie three standard deviations away, and cut
//             there
// t_uniform   time t = sigma^2 uniform between the squares of the ends: sigma = sigma_max sqrt(u) when the lower one is 0 (004,
//             A.7; with the weight of the loss `ve` it is t E|score - its estimate|^2)
// vp          sigma(t) of the VP process, t uniform in [1e-5, 1], beta_d = 19.9, beta_min = 0.1 (NVlabs EDM, VPLoss)
// ve          ln sigma uniform in [0.02, 100] (NVlabs EDM, VELoss)
NoiseDistribution make_noise_distribution(const NoiseDistributionOptions& options);
std::vector<std::string> noise_distribution_names();

// One u in each of `cells` equal cells of (0, 1): (cell + u) / cells. u [B] float64 in (0, 1), cell [B] in [0, cells).
torch::Tensor stratify(const torch::Tensor& u, const torch::Tensor& cell, int64_t cells);

}  // namespace farfield
