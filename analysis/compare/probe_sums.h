#pragma once

#include <torch/types.h>

#include "analysis/compare/comparison.h"
#include "core/shards.h"

namespace farfield {

// The sums of Comparison, in the order in which they travel.
inline constexpr torch::Tensor Comparison::* kComparisonSums[] = {&Comparison::model_score, &Comparison::model_denoised,
                                                                  &Comparison::difference, &Comparison::reference_score,
                                                                  &Comparison::reference_denoised};

// Those of B probes x [B, ...shape] at one level: model [B, ...shape] and each reference say D(x). The first two [B], the others
// [R, B], float64.
Tensors probe_sums(const torch::Tensor& x, const torch::Tensor& model, const Tensors& references);

}  // namespace farfield
