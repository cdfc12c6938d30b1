#include "samplers/start.h"

#include "samplers/gaussian_flow.h"
#include "samplers/schedules/noise_levels.h"

namespace farfield {

Start start_from_noise(const torch::Tensor& latents, const std::vector<double>& levels) {
  check_levels(levels);
  return {latents * levels.front(), levels};
}

Start teleported_start(const torch::Tensor& latents, const std::vector<double>& levels, const Teleport& teleport) {
  auto rest = levels_from(levels, teleport.sigma);
  const auto noise = start_from_noise(latents, levels);
  return {gaussian_flow(teleport.gaussian, noise.x, levels.front(), rest.front()), std::move(rest)};
}

}  // namespace farfield
