#include "train/augment.h"

#include <ATen/Parallel.h>

#include "core/error.h"
#include "train/augment_parameters.h"
#include "train/augment_warp.h"
#include "train/draws.h"
#include "train/require.h"

namespace farfield {
namespace {

torch::Tensor flip_where(const torch::Tensor& images, const torch::Tensor& flipped, int64_t dim) {
  return torch::where(flipped.view({-1, 1, 1, 1}), images.flip(dim), images);
}

// Each image by itself, so that its bits do not depend on its neighbours.
torch::Tensor warp_each(const torch::Tensor& images, const std::vector<AugmentParameters>& parameters) {
  auto warped = images.clone();
  at::parallel_for(0, images.size(0), 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      if (!parameters[i].warps()) continue;
      const AffineMap inverse = inverse_map(parameters[i], images.size(3), images.size(2));
      warp_image(images[i].const_data_ptr<float>(), {images.size(1), images.size(2), images.size(3)}, inverse,
                 warped[i].mutable_data_ptr<float>());
    }
  });
  return warped;
}

}  // namespace

AugmentOptions AugmentOptions::from_config(const Config& augment) {
  AugmentOptions options;
  options.xflip = augment.flag("xflip", options.xflip);
  options.probability = augment.number("probability", options.probability);
  return options;
}

void AugmentOptions::validate() const {
  require_option(probability >= 0 && probability <= 1, "augment.probability", probability, "in [0, 1]");
  if (xflip && probability > 0) {
    throw usage_error(
        "augment.xflip and augment.probability: the pipeline flips already, and tells the network; give one");
  }
}

Augmented augment(const torch::Tensor& samples, const torch::Tensor& positions, uint64_t seed,
                  const AugmentOptions& options) {
  if (samples.dim() != 4) return {samples, {}};
  if (options.probability == 0) {
    if (!options.xflip) return {samples, {}};
    return {flip_where(samples, uniform_draws(seed, Purpose::kFlip, positions).lt(0.5), 3), {}};
  }
  const auto parameters = draw_augmentations(seed, positions, options.probability);
  auto labels = torch::empty({samples.size(0), AugmentParameters::kLabels}, torch::kFloat32);
  auto xflip = torch::empty(samples.size(0), torch::kBool), yflip = torch::empty_like(xflip);
  for (size_t i = 0; i < parameters.size(); ++i) {
    const auto row = static_cast<int64_t>(i);
    const auto values = parameters[i].labels();
    labels[row].copy_(torch::tensor(torch::ArrayRef<double>(values.data(), values.size()), torch::kFloat32));
    xflip[row] = parameters[i].xflip;
    yflip[row] = parameters[i].yflip;
  }
  const auto flipped = flip_where(flip_where(samples, xflip, 3), yflip, 2).contiguous();
  return {warp_each(flipped, parameters), labels};
}

}  // namespace farfield
