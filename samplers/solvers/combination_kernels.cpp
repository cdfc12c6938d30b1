#include "samplers/solvers/combination_kernels.h"

#include <utility>

#include "core/math/lanes.h"

namespace farfield {
namespace {

// One term, and one more for each of kMore.
template <class Scalar, size_t... kMore>
FARFIELD_INLINE void combine_terms(const Combination<Scalar>& work, int64_t begin, int64_t end,
                                   std::index_sequence<kMore...>) {
  const auto factor = work.factors;
  const auto in = work.inputs;
  Scalar* const out = work.out;
  int64_t i = begin;
  for (; i + LanesOf<Scalar>::kWidth <= end; i += LanesOf<Scalar>::kWidth) {
    typename LanesOf<Scalar>::Type sum = factor[0] * load(in[0] + i);
    ((sum += factor[kMore + 1] * load(in[kMore + 1] + i)), ...);
    store(out + i, sum);
  }
  for (; i < end; ++i) {
    Scalar sum = factor[0] * in[0][i];
    ((sum += factor[kMore + 1] * in[kMore + 1][i]), ...);
    out[i] = sum;
  }
}

// The present slope, and one past slope for each of kPast.
template <class Scalar, size_t... kPast>
FARFIELD_INLINE void advance_slopes(const SlopeAdvance<Scalar>& work, int64_t begin, int64_t end,
                                    std::index_sequence<kPast...>) {
  const auto weight = work.weights;
  const Scalar* const x = work.x;
  const Scalar* const denoised = work.denoised;
  const Scalar per_sigma = work.per_sigma;
  Scalar *const out = work.out, *const slope = work.slope;
  int64_t i = begin;
  for (; i + LanesOf<Scalar>::kWidth <= end; i += LanesOf<Scalar>::kWidth) {
    const typename LanesOf<Scalar>::Type now = load(x + i), d = (now - load(denoised + i)) * per_sigma;
    typename LanesOf<Scalar>::Type sum = now + weight[0] * d;
    ((sum += weight[kPast + 1] * load(work.past[kPast] + i)), ...);
    store(slope + i, d);
    store(out + i, sum);
  }
  for (; i < end; ++i) {
    const Scalar d = (x[i] - denoised[i]) * per_sigma;
    Scalar sum = x[i] + weight[0] * d;
    ((sum += weight[kPast + 1] * work.past[kPast][i]), ...);
    slope[i] = d;
    out[i] = sum;
  }
}

template <class Scalar>
FARFIELD_INLINE void combine_any(const Combination<Scalar>& work, int64_t begin, int64_t end) {
  switch (work.count) {
    case 1:
      return combine_terms(work, begin, end, std::make_index_sequence<0>());
    case 2:
      return combine_terms(work, begin, end, std::make_index_sequence<1>());
    case 3:
      return combine_terms(work, begin, end, std::make_index_sequence<2>());
    case 4:
      return combine_terms(work, begin, end, std::make_index_sequence<3>());
    case 5:
      return combine_terms(work, begin, end, std::make_index_sequence<4>());
    case 6:
      return combine_terms(work, begin, end, std::make_index_sequence<5>());
    case 7:
      return combine_terms(work, begin, end, std::make_index_sequence<6>());
    case 8:
      return combine_terms(work, begin, end, std::make_index_sequence<7>());
  }
}

template <class Scalar>
FARFIELD_INLINE void advance_any(const SlopeAdvance<Scalar>& work, int64_t begin, int64_t end) {
  switch (work.count) {
    case 1:
      return advance_slopes(work, begin, end, std::make_index_sequence<0>());
    case 2:
      return advance_slopes(work, begin, end, std::make_index_sequence<1>());
    case 3:
      return advance_slopes(work, begin, end, std::make_index_sequence<2>());
    case 4:
      return advance_slopes(work, begin, end, std::make_index_sequence<3>());
  }
}

}  // namespace

FARFIELD_EVERY_WIDTH
void combine(const Combination<double>& work, int64_t begin, int64_t end) { combine_any(work, begin, end); }

FARFIELD_EVERY_WIDTH
void combine(const Combination<float>& work, int64_t begin, int64_t end) { combine_any(work, begin, end); }

FARFIELD_EVERY_WIDTH
void advance(const SlopeAdvance<double>& work, int64_t begin, int64_t end) { advance_any(work, begin, end); }

FARFIELD_EVERY_WIDTH
void advance(const SlopeAdvance<float>& work, int64_t begin, int64_t end) { advance_any(work, begin, end); }

}  // namespace farfield
