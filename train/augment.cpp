#include "train/augment.h"

#include "train/draws.h"

namespace farfield {

torch::Tensor augment(const torch::Tensor& samples, const torch::Tensor& positions, uint64_t seed,
                      const AugmentOptions& options) {
  if (!options.xflip || samples.dim() != 4) return samples;
  const auto flipped = uniform_draws(seed, Purpose::kFlip, positions).lt(0.5).view({-1, 1, 1, 1});
  return torch::where(flipped.to(samples.device()), samples.flip(3), samples);
}

}  // namespace farfield
