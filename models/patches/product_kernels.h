#pragma once

#include <cstdint>

namespace farfield {

// Matrix products of a few rows with many columns, and the soft-maxima over what comes out, on plain arrays; for the
// widest vectors of the CPU, with fused multiplications. A number of the result is formed in the order of the depth,
// alone: its bits do not depend on what is computed beside it.

inline constexpr int64_t kProductRows = 12;
template <class Scalar>
inline constexpr int64_t kProductColumns = 128 / sizeof(Scalar);  // of a panel: two vectors of 64 bytes

// out[r, c] = bias[c] + sum_k rows[k, r] columns[k, c] for 12 rows and `panels` panels of columns. rows [depth][12];
// number c of panel p at depth k is columns[p * panel_stride + k * depth_stride + c]; out [12][out_stride].
template <class Scalar>
struct PanelProduct {
  const Scalar *rows, *columns, *bias;
  int64_t depth, panels, panel_stride, depth_stride;
  Scalar* out;
  int64_t out_stride;
};
void multiply(const PanelProduct<float>& product);
void multiply(const PanelProduct<double>& product);

// The largest of `count` numbers, a multiple of kProductColumns.
float largest_of(const float* numbers, int64_t count);
double largest_of(const double* numbers, int64_t count);

// w_i = multiplicity_i exp((score_i - largest) per_score), which replace the scores; sums[0] = sum_i w_i, sums[1 + c] =
// sum_i w_i values[c * count + i]. `count` as above.
template <class Scalar>
struct ScoreSums {
  Scalar* scores;
  const Scalar *multiplicities, *values;
  int64_t count, channels;
  Scalar largest, per_score;
  double* sums;
};
void sum_scores(const ScoreSums<float>& work);
void sum_scores(const ScoreSums<double>& work);

}  // namespace farfield
