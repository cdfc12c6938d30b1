#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "core/comm.h"
#include "core/data/source.h"
#include "models/analytic/analytic.h"

namespace farfield {

inline constexpr int64_t kRowsAtOnce = 2048;  // samples that a fit holds in float64 at once

// Ranks given to any of these share its work (core/shards.h), each with the same data; every one has the whole result, the
// same bits for any number of them.

// Mean and covariance (1/N) of all samples of a data set; `rank` leading eigenpairs, 0: all. Usage error when rank is
// outside [0, d]. float64 throughout (core/math/moments.h, eigen.h).
GaussianStats measure_gaussian(const DataSource& data, int64_t rank = 0, Comm& comm = alone());

// The same with the covariance divided by N - ddof (by N where that is 0).
GaussianStats with_ddof(GaussianStats stats, int64_t ddof);

// How to fit a Gaussian mixture.
struct MixtureOptions {
  int64_t components = 10;    // K, in [1, N]: k-means clusters; ignored per class
  bool per_class = false;     // one component a label instead of k-means
  int64_t rank = 0;           // leading eigenpairs kept of each covariance, in [0, d]; 0: all (up to K d^2 doubles)
  double ridge = 0;           // variance added to every direction of every covariance (the papers' code: 1e-5)
  std::string tail = "zero";  // low rank only: "zero" (the papers) or "mean": the mean of the dropped eigenvalues
  uint64_t seed = 0;          // of k-means
  int64_t max_iterations = 100;
  void validate() const;  // usage_error naming field, value and constraint
};

// weights = counts / N, means and covariances (1/n_k) of the clusters (k-means) or classes. No EM refinement, as in the
// papers. A cluster of one has covariance zero (+ ridge). usage_error for options that do not fit the data (K > N,
// labels missing, eigenvectors above 8 GiB: the message states a rank that fits).
MixtureStats fit_mixture(const DataSource& data, const MixtureOptions& options, Comm& comm = alone());

// All samples as one float32 matrix [N, d].
torch::Tensor data_matrix(const DataSource& data);
int64_t dim_of(const DataSource& data);  // d, the number of elements of one sample
// Calls `visit` with all samples in order, float64 [n, d] with n <= kRowsAtOnce.
void for_each_rows(const DataSource& data, const std::function<void(const torch::Tensor& rows)>& visit);
// [d] float64: for fits in two passes that need no covariance.
torch::Tensor mean_of(const DataSource& data);

}  // namespace farfield
