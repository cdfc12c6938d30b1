#pragma once

#include <memory>
#include <optional>
#include <string>

#include "core/math/gaussian_stats.h"
#include "models/denoiser.h"
#include "models/patches/heat_maps.h"
#include "models/patches/patch_sizes.h"
#include "models/patches/training_images.h"
#include "models/patches/window_plan.h"

namespace farfield {

// Filtered posterior means (models/patches/filtered_means.h) as denoisers: what convolutional networks come closest to.
// All of them are defined for every sigma > 0; what else holds is said at make_patch_denoiser(). usage_error for sizes
// that do not fit.

// Local score: pixel u answers for itself, from the k x k box around it in the query and in every image; k odd. Zero
// boundary: the part of the box that is inside; k >= 2 max(H, W) - 1 is the exact denoiser. Circular: the box wraps, k
// <= min(H, W).
enum class BoxBoundary { kZero, kCircular };
// How much the pixels of a window count: all the same; or, over the whole image, a Gaussian, 1 at the centre of the window and
// of the variance (k^2 - 1) / 12 that the box has along each axis, which is the exact denoiser at no size.
enum class WindowShape { kBox, kGaussian };
std::unique_ptr<Denoiser> make_local_score(TrainingImages images, const PatchSizes& sizes, BoxBoundary boundary,
                                           WindowShape window = WindowShape::kBox);

// Equivariant local score (Kamb & Ganguli 2025): the same with the k x k windows of every image at all the places that
// the mode allows. kBorder at k >= max(H, W) is the local score.
std::unique_ptr<Denoiser> make_equivariant_local_score(TrainingImages images, const PatchSizes& sizes, WindowMode mode);

// Patch set posterior composite: a posterior mean for each p x p window inside the image, 1 <= p <= min(H, W); a pixel
// is the average over the windows that have it, weighted as the window is.
std::unique_ptr<Denoiser> make_patch_composite(TrainingImages images, const PatchSizes& sizes,
                                               WindowShape window = WindowShape::kBox);

// The same with one mask for each pixel, the part `fractions`(sigma) of its heat map. A pixel in nobody's mask is 0, or
// (`own`) its value under its own mask with the pixel added.
enum class Uncovered { kOwn, kZero };
std::unique_ptr<Denoiser> make_mask_composite(TrainingImages images, HeatMaps heat, LevelTable fractions,
                                              Uncovered uncovered);

// PCA locality: with W = U diag(l / (l + sigma^2)) U^T of the data and M_ab = W_ab / W_aa (W_aa := 1 where |W_aa| <
// 1e-6), 1 where |M_ab| >= threshold max |M| and else 0, value b answers for itself from the values a with M_ba = 1
// (kOutput) or M_ab = 1 (kInput). threshold 0: M itself, whose negative entries leave logits unbounded. A value that no
// other varies with (|W_bb| < 1e-6) may have an empty mask: its answer is the mean of the data.
enum class MaskOrientation { kOutput, kInput };
enum class EmptyMasks { kRefused, kMean };  // of other values: usage_error when D is evaluated; the mean of the data
struct LocalityOptions {
  double threshold = 0.05;
  MaskOrientation orientation = MaskOrientation::kOutput;
  EmptyMasks empty = EmptyMasks::kRefused;
  bool part_means = false;  // the mean of the parts' results instead of one soft-max
};
std::unique_ptr<Denoiser> make_pca_locality(TrainingImages images, const GaussianStats& stats,
                                            const LocalityOptions& options);

}  // namespace farfield
