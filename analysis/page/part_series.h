#pragma once

#include <string>

#include <torch/types.h>

#include "analysis/page/charts.h"

namespace farfield {

// The part of some values that are at most x, over x: at most 201 points, the quantiles, rising. values [n] float64, no NaN.
Series part_series(const std::string& label, const SeriesStyle& style, const torch::Tensor& values);

}  // namespace farfield
