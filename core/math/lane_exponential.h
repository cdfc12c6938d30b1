#pragma once

#include <cstdint>
#include <type_traits>

#include "core/math/lanes.h"

namespace farfield {

// exp() below it is 0: less than 1e-30, the weight that core/math/softmax_sum.h leaves out, too.
constexpr double kLeastExponent = -69.1;

// x := exp(x) for lanes x <= 0 of float or double, -inf included. A Taylor polynomial after x = n ln 2 + r, |r| <=
// ln(2) / 2: within 3 units of the last place.
template <class Lanes>
FARFIELD_INLINE void exponentials(Lanes& x) {
  using Scalar = std::remove_cvref_t<decltype(x[0])>;
  constexpr bool kWide = sizeof(Scalar) == 8;
  using Integer = std::conditional_t<kWide, int64_t, int32_t>;
  using Integers [[gnu::vector_size(sizeof(Lanes))]] = Integer;
  constexpr auto kPerLn2 = static_cast<Scalar>(1.4426950408889634074);
  // ln 2 in two parts; products of the first with whole numbers below 2^11 (2^8) are exact.
  constexpr auto kHighLn2 = static_cast<Scalar>(kWide ? 0.693147180369123816490 : 0.693359375);
  constexpr auto kLowLn2 = static_cast<Scalar>(kWide ? 1.90821492927058770002e-10 : -2.12194440e-4);
  // Adding it rounds to a whole number, which then stands in the last bits.
  constexpr auto kRounder = static_cast<Scalar>(kWide ? 6755399441055744.0 : 12582912.0);
  constexpr Scalar kInverseFactorials[] = {
      1.0 / 479001600, 1.0 / 39916800, 1.0 / 3628800, 1.0 / 362880, 1.0 / 40320, 1.0 / 5040, 1.0 / 720,
      1.0 / 120,       1.0 / 24,       1.0 / 6,       1.0 / 2,      1.0,         1.0};
  const Lanes rounded = x * kPerLn2 + kRounder, whole = rounded - kRounder;
  const Lanes rest = (x - whole * kHighLn2) - whole * kLowLn2;
  Lanes sum = kInverseFactorials[kWide ? 0 : 5] + Lanes{};
#pragma GCC unroll 12
  for (int i = kWide ? 1 : 6; i < 13; ++i) sum = sum * rest + kInverseFactorials[i];
  const Integers shifted = reinterpret_cast<Integers>(rounded) << (kWide ? 52 : 23);
  const Integers scaled = reinterpret_cast<Integers>(sum) + shifted;
  x = x < static_cast<Scalar>(kLeastExponent) ? Lanes{} : reinterpret_cast<Lanes>(scaled);
}

}  // namespace farfield
