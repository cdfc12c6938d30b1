#pragma once

#include <filesystem>
#include <vector>

#include <torch/types.h>

#include "models/patches/mask_filter.h"
#include "models/patches/training_images.h"

namespace farfield {

// How much each output pixel depends on each input pixel, at one or several noise levels: heat >= 0, [L,H,W,H,W] with
// the output pixel first.
class HeatMaps {
 public:
  // One map [H,W,H,W] for all levels; or [L,H,W,H,W] at `sigmas`. usage_error for other shapes, negative or not finite
  // values, and pixels that depend on nothing.
  HeatMaps(torch::Tensor heat, std::vector<double> sigmas, const ImageShape& shape);
  // FILE.npy [H,W,H,W], or FILE.npz with `sigma` [L] and `heat` [L,H,W,H,W].
  static HeatMaps read(const std::filesystem::path& file, const ImageShape& shape);

  // The masks of the level that is nearest in ln sigma, one a pixel: the heat of a pixel, normalised to sum 1, in
  // ascending order (stable); what is kept has a running sum of at least 1 - fraction. usage_error where nothing is.
  MaskSet masks(double sigma, double fraction) const;

 private:
  torch::Tensor heat_;  // [L, H W, H W] float64
  std::vector<double> sigmas_;
};

}  // namespace farfield
