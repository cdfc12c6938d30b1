#pragma once

#include <torch/types.h>

#include "core/shards.h"

namespace farfield {

// The sums of Comparison, in the order of kComparisonSums, of B probes x [B, ...shape] at one level: model [B, ...shape] and each reference say D(x). The first two [B], the others
// [R, B], float64; NaN of a reference that is undefined: it was not asked.
Tensors probe_sums(const torch::Tensor& x, const torch::Tensor& model, const Tensors& references);

}  // namespace farfield
