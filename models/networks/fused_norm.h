#pragma once

#include <torch/types.h>

namespace farfield {

// What an embedding does to a normalisation; each [B, C] floating, or undefined.
struct NormModulation {
  torch::Tensor offset = {};           // added before it
  torch::Tensor scale = {}, shift = {};  // y (1 + scale) + shift after it; both or none
};

struct NormParameters {
  const torch::Tensor &weight, &bias;  // [C] float32
  int64_t groups;
  double eps;
};

// Whether fused_norm_silu takes x: no gradients asked for, on the CPU, bfloat16 or float32, channels last.
bool can_fuse_norm(const torch::Tensor& x);

// silu(GroupNorm(x + offset) (1 + scale) + shift) into `out`, which has x's shape, dtype and format and may be x itself.
// One pass to measure and one to write, where separate operations take five; all arithmetic in float32, sums of the
// moments about each channel's first value, groups joined in double.
void fused_norm_silu(const torch::Tensor& x, const NormParameters& norm, const NormModulation& modulation,
                     const torch::Tensor& out);

}  // namespace farfield
