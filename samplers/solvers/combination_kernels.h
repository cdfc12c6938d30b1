#pragma once

#include <array>
#include <cstdint>

namespace farfield {

// The inner loops of linear_combination.h on plain arrays, from element `begin` to `end`. Every element is computed in
// the order of the formula: the same bits on every CPU, whatever its vector width, and for any cut into ranges.

constexpr int64_t kMaxTerms = 8;

// out = sum_j factors[j] inputs[j], j < count.
template <class Scalar>
struct Combination {
  int64_t count;
  std::array<Scalar, kMaxTerms> factors{};
  std::array<const Scalar*, kMaxTerms> inputs{};
  Scalar* out;
};
void combine(const Combination<double>& work, int64_t begin, int64_t end);
void combine(const Combination<float>& work, int64_t begin, int64_t end);

// slope = (x - denoised) per_sigma and out = x + weights[0] slope + sum_j weights[j] past[j - 1], j < count <= 4.
template <class Scalar>
struct SlopeAdvance {
  int64_t count;
  std::array<Scalar, 4> weights{};
  std::array<const Scalar*, 3> past{};
  const Scalar *x, *denoised;
  Scalar per_sigma;
  Scalar *out, *slope;
};
void advance(const SlopeAdvance<double>& work, int64_t begin, int64_t end);
void advance(const SlopeAdvance<float>& work, int64_t begin, int64_t end);

}  // namespace farfield
