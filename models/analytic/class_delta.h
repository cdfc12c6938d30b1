#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "models/denoiser.h"

namespace farfield {

// The exact denoiser of labelled data, which a class-conditional network would be if it were perfect: D(x; sigma, label)
// is that of the points of x's class (make_delta()), where a label is zero that of all points. Also a DataPosterior.
// points [N, ...shape] float32 or float64, copied once; classes [N] int64 in [0, label_dim). usage_error when a class is
// asked for that has no point.
std::unique_ptr<Denoiser> make_class_delta(const torch::Tensor& points, const torch::Tensor& classes, int64_t label_dim,
                                           const std::vector<int64_t>& shape);

}  // namespace farfield
