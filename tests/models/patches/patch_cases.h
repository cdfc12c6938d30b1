#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <torch/types.h>

#include "models/patches/patches.h"

namespace farfield::test {

// A patch denoiser of some images, with its plain evaluation (tests/support/filtered_means.h).
struct PatchCase {
  std::string name;
  std::shared_ptr<const Denoiser> denoiser;
  std::function<torch::Tensor(const torch::Tensor& x, double sigma)> plain;  // one image [C,H,W]
};

// Every kind with the candidates at the same place, in several sizes: ls (zero, circular; boxes, Gaussian windows), pspc
// (both windows), pspc-flex (own, zero), pca-locality (both orientations, sparse and dense, without a threshold).
std::vector<PatchCase> same_place_cases(const torch::Tensor& images);
// The four kinds of els. Their plain evaluation takes (N H W)^2 k^2 operations.
std::vector<PatchCase> window_cases(const torch::Tensor& images);

// [N,C,H,W] float64 in [-1, 1], of the numbers of 8-bit images.
torch::Tensor some_images(int64_t count, int64_t channels, int64_t height, int64_t width, int64_t seed = 1);
// A heat map [H,W,H,W] of which some pixels are in nobody's mask at a fraction of 0.3.
torch::Tensor some_heat(int64_t height, int64_t width);
GaussianStats stats_of_images(const torch::Tensor& images, int64_t ddof);

}  // namespace farfield::test
