// Compiled with -ffp-contract=fast (CMakeLists.txt): products and sums become one operation.
#include "models/patches/product_kernels.h"

#include <type_traits>
#include <utility>

#include "core/math/lane_exponential.h"

// A function for each vector size, chosen when it is called.
#if defined(__x86_64__) && defined(__GNUC__)
#define FARFIELD_FOR_512 __attribute__((target("avx512f")))
#define FARFIELD_FOR_256 __attribute__((target("avx2,fma")))
#define FARFIELD_CPU_HAS(feature) __builtin_cpu_supports(feature)
#else
#define FARFIELD_FOR_512
#define FARFIELD_FOR_256
#define FARFIELD_CPU_HAS(feature) false
#endif

namespace farfield {
namespace {

template <class Scalar, int kBytes>
struct Vector {
  static constexpr int64_t kWidth = kBytes / sizeof(Scalar);
  using Type [[gnu::vector_size(kBytes)]] = Scalar;
  using InMemory [[gnu::vector_size(kBytes), gnu::aligned(alignof(Scalar)), gnu::may_alias]] = Scalar;
};

template <class Scalar, int kBytes>
FARFIELD_INLINE const typename Vector<Scalar, kBytes>::InMemory& at(const Scalar* from) {
  return *reinterpret_cast<const typename Vector<Scalar, kBytes>::InMemory*>(from);
}
template <class Scalar, int kBytes>
FARFIELD_INLINE typename Vector<Scalar, kBytes>::InMemory& at(Scalar* from) {
  return *reinterpret_cast<typename Vector<Scalar, kBytes>::InMemory*>(from);
}

// Two vectors of columns by as many rows as the index sequence has, in registers.
template <class Scalar, int kBytes, int... kRow>
FARFIELD_INLINE void multiply_tile(const PanelProduct<Scalar>& product, const Scalar* rows, const Scalar* columns,
                                   const Scalar* bias, Scalar* out, std::integer_sequence<int, kRow...>) {
  using Lanes = typename Vector<Scalar, kBytes>::Type;
  constexpr int64_t kWidth = Vector<Scalar, kBytes>::kWidth;
  const Lanes first_bias = at<Scalar, kBytes>(bias), second_bias = at<Scalar, kBytes>(bias + kWidth);
  Lanes first[] = {((void)kRow, first_bias)...}, second[] = {((void)kRow, second_bias)...};
  for (int64_t k = 0; k < product.depth; ++k) {
    const Scalar* row = rows + k * kProductRows;
    const Scalar* column = columns + k * product.depth_stride;
    const Lanes one = at<Scalar, kBytes>(column), two = at<Scalar, kBytes>(column + kWidth);
    ((first[kRow] += row[kRow] * one, second[kRow] += row[kRow] * two), ...);
  }
  ((at<Scalar, kBytes>(out + kRow * product.out_stride) = first[kRow],
    at<Scalar, kBytes>(out + kRow * product.out_stride + kWidth) = second[kRow]),
   ...);
}

template <class Scalar, int kBytes, int kRows>
FARFIELD_INLINE void multiply_panels(const PanelProduct<Scalar>& product) {
  constexpr int64_t kPanel = kProductColumns<Scalar>, kTile = 2 * Vector<Scalar, kBytes>::kWidth;
  static_assert(kProductRows % kRows == 0 && kPanel % kTile == 0);
  for (int64_t p = 0; p < product.panels; ++p) {
    for (int64_t c = 0; c < kPanel; c += kTile) {
      for (int64_t r = 0; r < kProductRows; r += kRows) {
        multiply_tile<Scalar, kBytes>(
            product, product.rows + r, product.columns + p * product.panel_stride + c, product.bias + p * kPanel + c,
            product.out + r * product.out_stride + p * kPanel + c, std::make_integer_sequence<int, kRows>());
      }
    }
  }
}

template <class Scalar, int kBytes>
FARFIELD_INLINE Scalar largest_lane(const Scalar* numbers, int64_t count) {
  using Lanes = typename Vector<Scalar, kBytes>::Type;
  constexpr int64_t kWidth = Vector<Scalar, kBytes>::kWidth;
  Lanes most = at<Scalar, kBytes>(numbers), other = most;
  for (int64_t i = 0; i < count; i += 2 * kWidth) {
    const Lanes one = at<Scalar, kBytes>(numbers + i), two = at<Scalar, kBytes>(numbers + i + kWidth);
    most = one > most ? one : most;
    other = two > other ? two : other;
  }
  Scalar largest = most[0];
  for (int64_t l = 0; l < kWidth; ++l) {
    largest = most[l] > largest ? most[l] : largest;
    largest = other[l] > largest ? other[l] : largest;
  }
  return largest;
}

template <class Scalar, int kBytes>
FARFIELD_INLINE double sum_of_lanes(const typename Vector<Scalar, kBytes>::Type& lanes) {
  double sum = 0;
  for (int64_t l = 0; l < Vector<Scalar, kBytes>::kWidth; ++l) sum += static_cast<double>(lanes[l]);
  return sum;
}

template <class Scalar, int kBytes>
FARFIELD_INLINE void sum_of_scores(const ScoreSums<Scalar>& work) {
  using Lanes = typename Vector<Scalar, kBytes>::Type;
  constexpr int64_t kWidth = Vector<Scalar, kBytes>::kWidth;
  const Scalar largest = work.largest, per_score = work.per_score;
  Lanes sum = {};
  for (int64_t i = 0; i < work.count; i += kWidth) {
    Lanes weight = (at<Scalar, kBytes>(work.scores + i) - largest) * per_score;
    exponentials(weight);
    weight *= at<Scalar, kBytes>(work.multiplicities + i);
    at<Scalar, kBytes>(work.scores + i) = weight;
    sum += weight;
  }
  work.sums[0] = sum_of_lanes<Scalar, kBytes>(sum);
  for (int64_t c = 0; c < work.channels; ++c) {
    const Scalar* values = work.values + c * work.count;
    Lanes one = {}, two = {};
    for (int64_t i = 0; i < work.count; i += 2 * kWidth) {
      one += at<Scalar, kBytes>(work.scores + i) * at<Scalar, kBytes>(values + i);
      two += at<Scalar, kBytes>(work.scores + i + kWidth) * at<Scalar, kBytes>(values + i + kWidth);
    }
    const Lanes both = one + two;
    work.sums[1 + c] = sum_of_lanes<Scalar, kBytes>(both);
  }
}

#define FARFIELD_PRODUCT_KERNELS(SIZE, BYTES, ROWS, TARGET)                                                           \
  TARGET void multiply_##SIZE(const PanelProduct<float>& product) { multiply_panels<float, BYTES, ROWS>(product); }   \
  TARGET void multiply_##SIZE(const PanelProduct<double>& product) { multiply_panels<double, BYTES, ROWS>(product); } \
  TARGET float largest_##SIZE(const float* numbers, int64_t count) {                                                  \
    return largest_lane<float, BYTES>(numbers, count);                                                                \
  }                                                                                                                   \
  TARGET double largest_##SIZE(const double* numbers, int64_t count) {                                                \
    return largest_lane<double, BYTES>(numbers, count);                                                               \
  }                                                                                                                   \
  TARGET void sums_##SIZE(const ScoreSums<float>& work) { sum_of_scores<float, BYTES>(work); }                        \
  TARGET void sums_##SIZE(const ScoreSums<double>& work) { sum_of_scores<double, BYTES>(work); }

FARFIELD_PRODUCT_KERNELS(512, 64, 12, FARFIELD_FOR_512)
FARFIELD_PRODUCT_KERNELS(256, 32, 6, FARFIELD_FOR_256)
FARFIELD_PRODUCT_KERNELS(128, 16, 6, )

// call(kernels of the widest vectors).
#define FARFIELD_WIDEST(NAME, ...)                                                 \
  (FARFIELD_CPU_HAS("avx512f")                           ? NAME##_512(__VA_ARGS__) \
   : FARFIELD_CPU_HAS("avx2") && FARFIELD_CPU_HAS("fma") ? NAME##_256(__VA_ARGS__) \
                                                         : NAME##_128(__VA_ARGS__))

}  // namespace

void multiply(const PanelProduct<float>& product) { FARFIELD_WIDEST(multiply, product); }
void multiply(const PanelProduct<double>& product) { FARFIELD_WIDEST(multiply, product); }
float largest_of(const float* numbers, int64_t count) { return FARFIELD_WIDEST(largest, numbers, count); }
double largest_of(const double* numbers, int64_t count) { return FARFIELD_WIDEST(largest, numbers, count); }
void sum_scores(const ScoreSums<float>& work) { FARFIELD_WIDEST(sums, work); }
void sum_scores(const ScoreSums<double>& work) { FARFIELD_WIDEST(sums, work); }

}  // namespace farfield
