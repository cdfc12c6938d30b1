#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <torch/types.h>

namespace farfield {

// How well `a` agrees with `b`, sample by sample over all n numbers of each, [B] float64. Two lines of work call different
// ones r^2: Kamb & Ganguli (2025) the correlation of final images, work on PCA locality the coefficient of
// determination. NaN where a measure does not exist: b (or a) is constant, or zero.
struct Agreement {
  torch::Tensor pearson;   // the correlation
  torch::Tensor pearson2;  // its square
  torch::Tensor r2;        // 1 - |a - b|^2 / (n var b), var with divisor n - 1
  torch::Tensor r2_n;      // the same, var with divisor n
  torch::Tensor mse;       // |a - b|^2 / n
  torch::Tensor cosine;    // a.b / (|a| |b|)
};

// a, b [B, ...] of one shape, any floating dtype; sums are float64.
Agreement agreement_of(const torch::Tensor& a, const torch::Tensor& b);

// The names of the members, in this order, and the measures themselves so: [6, B] float64 on the CPU.
const std::vector<std::string>& agreement_names();
int64_t agreement_index(std::string_view name);  // in agreement_names()
torch::Tensor measures_of(const Agreement& agreement);

}  // namespace farfield
