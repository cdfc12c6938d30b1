#include <algorithm>
#include <cmath>
#include <vector>

#include <fmt/format.h>

#include "core/error.h"
#include "core/interrupts.h"
#include "core/limits.h"
#include "core/math/eigen.h"
#include "core/math/kmeans.h"
#include "core/math/moments.h"
#include "core/progress.h"
#include "core/shards.h"
#include "models/analytic/fit.h"

namespace farfield {

namespace {

constexpr int64_t kBasesBytesLimit = int64_t{8} << 30;  // of the eigenvectors of all components

// One cluster, as far as it has variance: mean [d], values [m] descending, vectors [m, d], or the leading ones of these.
struct Component {
  torch::Tensor mean, values, vectors;
};

Component measure_few(const torch::Tensor& rows) {
  const auto wide = rows.to(torch::kFloat64);
  const auto mean = wide.mean(0);
  const auto eigen = rows_eigen(wide - mean);
  return {mean, eigen.values, eigen.vectors.t()};
}

Component measure_many(const torch::Tensor& points, const torch::Tensor& index) {
  Moments moments(points.size(1));
  for (const auto& part : index.split(kRowsAtOnce)) moments.add(points.index_select(0, part));
  const auto eigen = covariance_eigen(moments.covariance());
  return {moments.mean(), eigen.values, eigen.vectors.t()};
}

Component measure_component(const torch::Tensor& points, const torch::Tensor& index) {
  return index.numel() <= points.size(1) ? measure_few(points.index_select(0, index)) : measure_many(points, index);
}

// Eigenpairs kept of each component: what was asked for, but no more than the largest cluster can have.
int64_t kept_rank(int64_t rank, int64_t dim, const torch::Tensor& counts) {
  const int64_t largest = counts.max().item<int64_t>() > dim ? dim
                                                             : std::max<int64_t>(1, counts.max().item<int64_t>() - 1);
  return rank == 0 ? std::min(dim, largest) : std::min(rank, largest);
}

void check_memory(int64_t components, int64_t rank, int64_t dim) {
  const double bytes = 8.0 * static_cast<double>(components) * static_cast<double>(rank) * static_cast<double>(dim);
  if (bytes <= static_cast<double>(kBasesBytesLimit)) return;
  throw usage_error(fmt::format(
      "{} components of rank {} in {} dimensions need {:.0f} GiB, the limit is {} GiB: choose a rank of at most {}",
      components, rank, dim, bytes / (1 << 30), kBasesBytesLimit >> 30, kBasesBytesLimit / (8 * components * dim)));
}

// Writes component k into its place; a cluster with fewer eigenpairs than the rank is padded as MixtureStats says.
void place(const Component& component, const MixtureOptions& options, int64_t k, MixtureStats& stats) {
  const int64_t dim = stats.dim(), rank = stats.rank();
  const int64_t kept = std::min(rank, component.values.size(0));
  double tail = options.ridge;
  if (rank < dim && options.tail == "mean") {
    tail += component.values.slice(0, kept).sum().item<double>() / static_cast<double>(dim - kept);
  }
  stats.means[k] = component.mean;
  stats.tails[k] = tail;
  stats.eigenvalues[k].fill_(tail);
  stats.eigenvalues[k].narrow(0, 0, kept).copy_(component.values.narrow(0, 0, kept) + options.ridge);
  stats.bases[k].narrow(0, 0, kept).copy_(component.vectors.narrow(0, 0, kept));
}

MixtureStats measure_clusters(const torch::Tensor& points, const torch::Tensor& assignment, int64_t clusters,
                              const MixtureOptions& options, Comm& comm) {
  const auto all_counts = torch::bincount(assignment, {}, clusters);
  const auto present = all_counts.nonzero().squeeze(1);  // an empty cluster or class is no component
  const int64_t components = present.numel(), dim = points.size(1);
  MixtureStats stats;
  stats.counts = all_counts.index_select(0, present);
  const int64_t rank = kept_rank(options.rank, dim, stats.counts);
  check_memory(components, rank, dim);
  stats.weights = stats.counts.to(torch::kFloat64) / static_cast<double>(points.size(0));
  stats.means = torch::zeros({components, dim}, torch::kFloat64);
  stats.bases = torch::zeros({components, rank, dim}, torch::kFloat64);
  stats.eigenvalues = torch::zeros({components, rank}, torch::kFloat64);
  stats.tails = torch::zeros({components}, torch::kFloat64);
  Progress progress("covariances", components, "component");
  for_each_shard(comm, components, [&](int64_t k) {
    stop_if_interrupted();
    const auto index = (assignment == present[k]).nonzero().squeeze(1);
    const Component component = measure_component(points, index);
    const int64_t kept = std::min(rank, component.values.size(0));
    return Tensors{component.mean, component.values, component.vectors.narrow(0, 0, kept)};
  }, [&](int64_t k, const Tensors& component) {
    place({component[0], component[1], component[2]}, options, k, stats);
    progress.advance();
  });
  return stats;
}

}  // namespace

void MixtureOptions::validate() const {
  if (components < 1 || components > limits::kMostComponents) {
    throw usage_error(fmt::format("components is {}, expected 1 to {}", components, limits::kMostComponents));
  }
  if (rank < 0) throw usage_error(fmt::format("rank is {}, expected at least 1, or 0 for all", rank));
  if (!(ridge >= 0 && ridge <= limits::kHighestVariance)) {
    throw usage_error(fmt::format("ridge is {}, expected a variance from 0 to {}", ridge, limits::kHighestVariance));
  }
  if (tail != "zero" && tail != "mean") {
    throw usage_error(fmt::format("tail is '{}', expected 'zero' or 'mean'", tail));
  }
  if (max_iterations < 1 || max_iterations > limits::kMostIterations) {
    throw usage_error(fmt::format("max_iterations is {}, expected 1 to {}", max_iterations, limits::kMostIterations));
  }
}

MixtureStats fit_mixture(const DataSource& data, const MixtureOptions& options, Comm& comm) {
  options.validate();
  const auto& info = data.info();
  if (options.rank > dim_of(data)) {
    throw usage_error(fmt::format("rank is {}, but '{}' has {} dimensions", options.rank, info.name, dim_of(data)));
  }
  if (options.per_class && info.label_dim == 0) {
    throw usage_error(
        fmt::format("'{}' has no labels: a mixture per class needs them; choose a number of components", info.name));
  }
  const auto points = data_matrix(data);
  if (options.per_class) return measure_clusters(points, data.labels(), info.label_dim, options, comm);
  KMeansOptions clustering;
  clustering.clusters = options.components;
  clustering.seed = options.seed;
  clustering.max_iterations = options.max_iterations;
  return measure_clusters(points, kmeans(points, clustering, comm).assignment, options.components, options, comm);
}

}  // namespace farfield
