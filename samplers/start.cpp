#include "samplers/start.h"

#include <cmath>

#include <fmt/format.h>

#include "core/error.h"
#include "core/text.h"
#include "samplers/gaussian_flow.h"
#include "samplers/noise_levels.h"

namespace farfield {

Start start_from_noise(const torch::Tensor& latents, const std::vector<double>& levels) {
  check_levels(levels);
  return {latents * levels.front(), levels};
}

std::vector<double> levels_from(const std::vector<double>& levels, double sigma) {
  constexpr double kSameLevel = 1e-6;
  check_levels(levels);
  for (const double level : levels) {
    if (level > 0 && std::abs(level - sigma) <= kSameLevel * level) sigma = level;
  }
  if (!(sigma <= levels.front() && sigma > levels.back())) {
    throw usage_error(fmt::format("teleport: sigma is {}, expected one in the schedule's range, at most {} and above {}",
                                  format_double(sigma), format_double(levels.front()), format_double(levels.back())));
  }
  std::vector<double> rest = {sigma};
  for (const double level : levels) {
    if (level < sigma) rest.push_back(level);
  }
  return rest;
}

Start teleported_start(const torch::Tensor& latents, const std::vector<double>& levels, const Teleport& teleport) {
  auto rest = levels_from(levels, teleport.sigma);
  const auto noise = start_from_noise(latents, levels);
  return {gaussian_flow(teleport.gaussian, noise.x, levels.front(), rest.front()), std::move(rest)};
}

}  // namespace farfield
