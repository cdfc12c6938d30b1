#include <algorithm>

#include <fmt/format.h>

#include "core/error.h"
#include "core/interrupts.h"
#include "core/math/eigen.h"
#include "core/math/moments.h"
#include "core/progress.h"
#include "models/fit.h"

namespace farfield {

namespace {

constexpr int64_t kBlock = 2048;  // rows held in float64 at once

}  // namespace

int64_t dim_of(const DataSource& data) {
  int64_t dim = 1;
  for (const int64_t size : data.info().shape) dim *= size;
  return dim;
}

torch::Tensor data_matrix(const DataSource& data) {
  return data.rows(0, data.info().count).reshape({data.info().count, dim_of(data)}).contiguous();
}

GaussianStats measure_gaussian(const DataSource& data, int64_t rank) {
  const int64_t count = data.info().count, dim = dim_of(data);
  if (rank < 0 || rank > dim) {
    throw usage_error(fmt::format("rank is {}, but '{}' has {} dimensions: choose 1 to {}, or 0 for all", rank,
                                  data.info().name, dim, dim));
  }
  Moments moments(dim);
  {
    Progress progress("mean and covariance", count, "sample");
    for (int64_t first = 0; first < count; first += kBlock) {
      stop_if_interrupted();
      const int64_t size = std::min(kBlock, count - first);
      moments.add(data.rows(first, size).reshape({size, dim}));
      progress.advance(size);
    }
  }
  const auto eigen = covariance_eigen(moments.covariance());
  GaussianStats stats{moments.mean(), eigen.vectors.contiguous(), eigen.values.contiguous(), 0, count};
  return rank == 0 ? stats : stats.truncated(rank);
}

}  // namespace farfield
