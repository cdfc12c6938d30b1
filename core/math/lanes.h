#pragma once

#include <cstdint>

// For inner loops that use the widest vector registers of the CPU that the program finds itself on. A function marked
// FARFIELD_EVERY_WIDTH is compiled once for each width and chosen when the program starts. Nothing is contracted or
// reordered: the bits do not depend on the width.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define FARFIELD_EVERY_WIDTH __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define FARFIELD_EVERY_WIDTH
#endif
// For what such functions call: code outside them is compiled for the least width.
#define FARFIELD_INLINE inline __attribute__((always_inline))

namespace farfield {

// 64 bytes of numbers, which the compiler maps to the registers there are; in memory they lie like any numbers.
template <class Scalar>
struct LanesOf {
  static constexpr int64_t kWidth = 64 / sizeof(Scalar);
  using Type [[gnu::vector_size(64)]] = Scalar;
  using InMemory [[gnu::vector_size(64), gnu::aligned(alignof(Scalar)), gnu::may_alias]] = Scalar;
};

template <class Scalar>
FARFIELD_INLINE const typename LanesOf<Scalar>::InMemory& load(const Scalar* from) {
  return *reinterpret_cast<const typename LanesOf<Scalar>::InMemory*>(from);
}

// Takes an expression as it is: a cast to Type would claim more alignment than clang gives a temporary.
template <class Scalar>
FARFIELD_INLINE void store(Scalar* to, const typename LanesOf<Scalar>::InMemory& lanes) {
  *reinterpret_cast<typename LanesOf<Scalar>::InMemory*>(to) = lanes;
}

}  // namespace farfield
