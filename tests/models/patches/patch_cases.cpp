#include "tests/models/patches/patch_cases.h"

#include <fmt/format.h>

#include "core/math/eigen.h"
#include "models/analytic/fit.h"
#include "tests/support/filtered_means.h"
#include "tests/support/normals.h"

namespace farfield::test {
namespace {

using torch::Tensor;

PatchCase locality_case(const Tensor& images, double threshold, bool output) {
  const GaussianStats stats = stats_of_images(images, 1);
  const Tensor covariance = torch::mm(stats.basis * stats.eigenvalues, stats.basis.t());
  const LocalityOptions options{threshold, output ? MaskOrientation::kOutput : MaskOrientation::kInput,
                                EmptyMasks::kMean};
  return {fmt::format("pca-locality {} {}", threshold, output ? "output" : "input"),
          make_pca_locality(TrainingImages(images), stats, options), [=](const Tensor& x, double sigma) {
    return value_mean(images, x, sigma, locality_weights(covariance, sigma, threshold, output));
  }};
}

PatchCase masked_case(const Tensor& images, double fraction, bool own) {
  TrainingImages training(images);
  const Tensor heat = some_heat(images.size(2), images.size(3)), masks = masks_of(heat, fraction);
  const HeatMaps maps(heat, {1}, training.shape());
  const LevelTable fractions({1}, {fraction}, LevelTable::Match::kNearest);
  return {fmt::format("pspc-flex {} {}", fraction, own ? "own" : "zero"),
          make_mask_composite(std::move(training), maps, fractions, own ? Uncovered::kOwn : Uncovered::kZero),
          [=](const Tensor& x, double sigma) { return masked_mean(images, x, sigma, masks, own); }};
}

}  // namespace

std::vector<PatchCase> same_place_cases(const Tensor& images) {
  std::vector<PatchCase> cases;
  const int64_t side = std::min(images.size(2), images.size(3));
  for (const int64_t k : {1, 3, 5, 21}) {
    for (const bool circular : {false, true}) {
      if (circular && k > side) continue;
      const auto boundary = circular ? BoxBoundary::kCircular : BoxBoundary::kZero;
      cases.push_back({fmt::format("ls {} {}", k, circular ? "circular" : "zero"),
                       make_local_score(TrainingImages(images), PatchSizes::fixed(k), boundary),
                       [=](const Tensor& x, double sigma) { return local_mean(images, x, sigma, k, circular); }});
    }
  }
  for (const int64_t p : {int64_t{1}, int64_t{2}, int64_t{3}, side}) {
    if (p > side) continue;
    cases.push_back({fmt::format("pspc {}", p), make_patch_composite(TrainingImages(images), PatchSizes::fixed(p)),
                     [=](const Tensor& x, double sigma) { return composite_mean(images, x, sigma, p); }});
  }
  for (const int64_t k : {1, 3, 5}) {
    for (const bool circular : {false, true}) {
      const auto boundary = circular ? BoxBoundary::kCircular : BoxBoundary::kZero;
      if (circular && k > side) continue;
      cases.push_back({fmt::format("ls {} {} gaussian", k, circular ? "circular" : "zero"),
                       make_local_score(TrainingImages(images), PatchSizes::fixed(k), boundary, WindowShape::kGaussian),
                       [=](const Tensor& x, double sigma) { return soft_local_mean(images, x, sigma, k, circular); }});
    }
  }
  for (const int64_t p : {2, 3}) {
    cases.push_back({fmt::format("pspc {} gaussian", p),
                     make_patch_composite(TrainingImages(images), PatchSizes::fixed(p), WindowShape::kGaussian),
                     [=](const Tensor& x, double sigma) { return soft_composite_mean(images, x, sigma, p); }});
  }
  for (const bool own : {true, false}) cases.push_back(masked_case(images, 0.3, own));
  cases.push_back(masked_case(images, 1, true));
  for (const bool output : {true, false}) {
    cases.push_back(locality_case(images, 0.5, output));   // sparse masks
    cases.push_back(locality_case(images, 0.02, output));  // dense ones
  }
  return cases;
}

std::vector<PatchCase> window_cases(const Tensor& images) {
  std::vector<PatchCase> cases;
  const std::pair<const char*, WindowMode> modes[] = {{"border", WindowMode::kBorder},
                                                      {"circular-interior", WindowMode::kCircularInterior},
                                                      {"circular-all", WindowMode::kCircularAll},
                                                      {"zero-all", WindowMode::kZeroAll}};
  const int64_t side = std::min(images.size(2), images.size(3));
  for (const auto& [mode, window] : modes) {
    for (const int64_t k : {1, 3, 5, 15}) {
      const bool wraps = window == WindowMode::kCircularAll || window == WindowMode::kCircularInterior;
      if (wraps && k > side) continue;
      cases.push_back({fmt::format("els-{} {}", mode, k),
                       make_equivariant_local_score(TrainingImages(images), PatchSizes::fixed(k), window),
                       [=](const Tensor& x, double sigma) { return window_mean(images, x, sigma, k, mode); }});
    }
  }
  return cases;
}

Tensor some_images(int64_t count, int64_t channels, int64_t height, int64_t width, int64_t seed) {
  const Tensor smooth = normals({count, channels, height, width}, seed).cumsum(3) * 0.3;
  return ((smooth.tanh() + 1) * 127.5).round() / 127.5 - 1;
}

Tensor some_heat(int64_t height, int64_t width) {
  const int64_t pixels = height * width;
  const Tensor heat = normals({pixels, pixels}, 5).square();
  // The columns of a few pixels are small, and one of them is in nobody's mask.
  return (heat * torch::linspace(1e-3, 1, pixels, torch::kFloat64)).reshape({height, width, height, width});
}

GaussianStats stats_of_images(const Tensor& images, int64_t ddof) {
  const Tensor rows = images.to(torch::kFloat64).reshape({images.size(0), -1});
  const Tensor mean = rows.mean(0), centred = rows - mean;
  auto eigen = covariance_eigen(torch::mm(centred.t(), centred) / static_cast<double>(images.size(0)));
  return with_ddof({mean, eigen.vectors.contiguous(), eigen.values, 0, images.size(0)}, ddof);
}

}  // namespace farfield::test
