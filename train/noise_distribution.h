#pragma once

#include <functional>
#include <string>
#include <vector>

#include <torch/types.h>

namespace farfield {

// Which noise levels a network is trained on.
struct NoiseDistributionOptions {
  std::string name = "lognormal";  // see noise_distribution_names()
  double p_mean = -1.2;            // lognormal: mean of ln sigma (Karras et al. 2022, table 1)
  double p_std = 1.2;              // lognormal: standard deviation of ln sigma, > 0
  void validate() const;           // usage_error naming field, value and constraint
};

// The quantile function of a distribution over sigma: u [B] float64 in (0, 1) -> sigma [B] float64 > 0, rising. The
// caller chooses u: independent draws, or one in each cell of a batch (stratified).
using NoiseDistribution = std::function<torch::Tensor(const torch::Tensor& u)>;

// lognormal: sigma = exp(p_mean + p_std n), n ~ N(0, 1).
NoiseDistribution make_noise_distribution(const NoiseDistributionOptions& options);
std::vector<std::string> noise_distribution_names();

}  // namespace farfield
