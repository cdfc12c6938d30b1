#pragma once

#include "core/math/random.h"

namespace farfield::test {

// Deterministic normals, float64.
inline torch::Tensor normals(torch::IntArrayRef shape, int64_t seed) {
  return SampleRandom(seed).normal(shape, torch::kFloat64);
}

}  // namespace farfield::test
