#include <algorithm>

#include <fmt/format.h>

#include "core/checked_product.h"
#include "core/error.h"
#include "core/interrupts.h"
#include "core/limits.h"
#include "core/math/eigen.h"
#include "core/math/moments.h"
#include "core/progress.h"
#include "core/shards.h"
#include "models/analytic/fit.h"

namespace farfield {

namespace {

Moments measure_moments(const DataSource& data, Comm& comm) {
  const int64_t count = data.info().count, dim = dim_of(data);
  const auto parts = shards_of_rows(count);
  const auto rows = [&](int64_t first, int64_t end) {
    const int64_t size = std::min(kRowsAtOnce, end - first);
    return data.rows(first, size).reshape({size, dim});
  };
  const auto shift = rows(0, count).to(torch::kFloat64).mean(0);
  Moments moments(dim);
  Progress progress("mean and covariance", count, "sample");
  for_each_shard(comm, static_cast<int64_t>(parts.size()), [&](int64_t part) {
    const int64_t begin = parts[part].first, end = begin + parts[part].size;
    Moments own(shift, begin);
    for (int64_t first = begin; first < end; first += kRowsAtOnce) {
      stop_if_interrupted();
      own.add(rows(first, end));
      progress.advance(std::min(kRowsAtOnce, end - first));
    }
    return own.state();
  }, [&](int64_t part, const Tensors& state) {
    moments.merge(Moments::from_state(state));
    if (!is_mine(comm, part)) progress.advance(parts[part].size);
  });
  return moments;
}

}  // namespace

int64_t dim_of(const DataSource& data) {
  int64_t dim = 1;
  for (const int64_t size : data.info().shape) dim *= size;
  return dim;
}

torch::Tensor data_matrix(const DataSource& data) {
  return data.rows(0, data.info().count).reshape({data.info().count, dim_of(data)}).contiguous();
}

void for_each_rows(const DataSource& data, const std::function<void(const torch::Tensor& rows)>& visit) {
  const int64_t count = data.info().count, dim = dim_of(data);
  for (int64_t first = 0; first < count; first += kRowsAtOnce) {
    stop_if_interrupted();
    const int64_t size = std::min(kRowsAtOnce, count - first);
    visit(data.rows(first, size).reshape({size, dim}).to(torch::kFloat64));
  }
}

torch::Tensor mean_of(const DataSource& data) {
  auto mean = torch::zeros({dim_of(data)}, torch::kFloat64);
  for_each_rows(data, [&](const torch::Tensor& rows) { mean += rows.sum(0) / static_cast<double>(data.info().count); });
  return mean;
}

GaussianStats measure_gaussian(const DataSource& data, int64_t rank, Comm& comm) {
  const int64_t count = data.info().count, dim = dim_of(data);
  if (rank < 0 || rank > dim) {
    throw usage_error(fmt::format("rank is {}, but '{}' has {} dimensions: choose 1 to {}, or 0 for all", rank,
                                  data.info().name, dim, dim));
  }
  checked_product(fmt::format("'{}': bytes of the covariance", data.info().name), {dim, dim, sizeof(double)},
                  limits::kMostBytes);
  const Moments moments = measure_moments(data, comm);
  const auto eigen = on_root(comm, [&] {
    auto pairs = covariance_eigen(moments.covariance());
    return Tensors{pairs.vectors, pairs.values};
  });
  GaussianStats stats{moments.mean(), eigen[0], eigen[1], 0, count};
  return rank == 0 ? stats : stats.truncated(rank);
}

GaussianStats with_ddof(GaussianStats stats, int64_t ddof) {
  const auto count = static_cast<double>(stats.count), divisor = static_cast<double>(stats.count - ddof);
  if (divisor > 0) {
    stats.eigenvalues = stats.eigenvalues * (count / divisor);
    stats.tail *= count / divisor;
  }
  return stats;
}

}  // namespace farfield
