#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <torch/types.h>

#include "analysis/features/feature_network.h"

namespace farfield {

// By what network images are held against others.
struct PerceptualRequest {
  std::string features;  // NET.pt with its options (analysis/features/features.h); "": by none
  bool resize = true;    // before the network, see below
  bool trust = false;    // consent to run its code
};

// The distance of two images by the maps f_l [B, C, H, W] that a network has of them (Zhang et al. 2018, LPIPS):
//   d(a, b) = sum over maps l of  mean over positions of  sum over channels c of  w_lc (f_l(a) - f_l(b))^2,
// f divided by its length over the channels (+ 1e-10) before, unless the network's YAML says normalise: false; w from the file
// that it names, or 1. Images go through the network's contract; one that resizes nothing is given 224 x 224 pixels
// (bicubic, pil_resize.h), unless `resize` is false: borders bias the maps of small images.
class PerceptualDistance {
 public:
  // features: NET.pt with its options (features.h). usage_error for features that are no network, bad_file for weights that
  // are not finite, negative or not one a channel. Others as FeatureNetwork.
  PerceptualDistance(const std::string& features, const std::vector<int64_t>& shape, bool resize, bool trust,
                     torch::Device device);

  // The share of every map, [B, L] float64; d is its sum over L. a, b: images [B, C, H, W] in [-1, 1].
  torch::Tensor operator()(const torch::Tensor& a, const torch::Tensor& b) const;

  const NetworkForm& form() const { return network_.form(); }

 private:
  torch::Tensor share(const torch::Tensor& a, const torch::Tensor& b, size_t map) const;

  FeatureNetwork network_;
  std::vector<torch::Tensor> weights_;  // [C] float64 each; none: all 1
};

}  // namespace farfield
