#pragma once

#include <torch/types.h>

namespace farfield {

// <a_i, b_i> for every row i, [n]: a, b [n, d] float64 on the CPU, contiguous. Every sum is taken in one order, so that a
// row's has the same bits among any other rows and for any number of threads.
torch::Tensor row_products(const torch::Tensor& a, const torch::Tensor& b);
torch::Tensor row_norms(const torch::Tensor& a);  // sqrt(<a_i, a_i>)

}  // namespace farfield
