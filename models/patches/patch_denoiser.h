#pragma once

#include <functional>
#include <memory>
#include <string>

#include "models/denoiser.h"
#include "models/patches/filtered_means.h"

namespace farfield {

// The filtered means that hold at a noise level; called once for every level of a batch.
using MeansAtLevel = std::function<std::shared_ptr<const FilteredMeans>(double sigma)>;

// How the parts of the training images are joined.
enum class Aggregation {
  kExact,      // one soft-max over all candidates
  kPartMeans,  // the mean of the parts' results, each part with a soft-max of its own
};

// A denoiser that is a filtered mean at every level. `kind` and `name` as in DenoiserInfo. It takes labels where the
// images are sorted by class (one-hot: the class's images alone; zeros: all). Sums are float64, on the CPU; the result
// has x's dtype and device. Sample i has the same bits in every batch and for every number of threads. No gradients.
std::unique_ptr<Denoiser> make_patch_denoiser(std::string kind, std::string name, TrainingImages images,
                                              MeansAtLevel means, Aggregation aggregation = Aggregation::kExact);

// The exact denoiser: one member, the whole image.
std::shared_ptr<const FilteredMeans> whole_image_means(const ImageShape& shape);

}  // namespace farfield
