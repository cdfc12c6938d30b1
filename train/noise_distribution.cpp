#include "train/noise_distribution.h"

#include <cmath>

#include "core/error.h"
#include "core/text.h"
#include "train/require.h"

namespace farfield {
namespace {

NoiseDistribution lognormal(const NoiseDistributionOptions& options) {
  return [mean = options.p_mean, std = options.p_std](const torch::Tensor& u) {
    return torch::exp(torch::special_ndtri(u) * std + mean);
  };
}

struct Entry {
  const char* name;
  NoiseDistribution (*make)(const NoiseDistributionOptions&);
};
constexpr Entry kDistributions[] = {
    {"lognormal", lognormal},
};

}  // namespace

std::vector<std::string> noise_distribution_names() {
  std::vector<std::string> names;
  for (const auto& entry : kDistributions) names.push_back(entry.name);
  return names;
}

void NoiseDistributionOptions::validate() const {
  require_option(std::isfinite(p_mean), "loss.p_mean", p_mean, "a finite number");
  require_option(std::isfinite(p_std) && p_std > 0, "loss.p_std", p_std, "above 0");
  make_noise_distribution(*this);
}

NoiseDistribution make_noise_distribution(const NoiseDistributionOptions& options) {
  for (const auto& entry : kDistributions) {
    if (options.name == entry.name) return entry.make(options);
  }
  throw usage_error(unknown_name("noise distribution", options.name, noise_distribution_names()));
}

}  // namespace farfield
