#include "core/math/kmeans.h"

#include <algorithm>
#include <functional>
#include <vector>

#include <fmt/format.h>

#include "core/error.h"
#include "core/interrupts.h"
#include "core/limits.h"
#include "core/math/random.h"
#include "core/progress.h"
#include "core/shards.h"

namespace farfield {

namespace {

constexpr int64_t kRowBlock = 2048;
constexpr int64_t kSeedingPoints = 10'000;
constexpr uint64_t kPurpose = 0x6b6d65616e73;  // keeps these streams apart from others with the same seed

template <class Visit>
void for_each_block(const RowRange& rows, Visit visit) {
  const int64_t end = rows.first + rows.size;
  for (int64_t first = rows.first; first < end; first += kRowBlock) {
    stop_if_interrupted();
    visit(first, std::min(kRowBlock, end - first));
  }
}

// [N] from what `compute` makes of every part of the rows, on every rank.
torch::Tensor over_parts(Comm& comm, int64_t count, torch::ScalarType dtype,
                         const std::function<torch::Tensor(const RowRange&)>& compute) {
  const auto parts = shards_of_rows(count);
  auto result = torch::empty({count}, dtype);
  for_each_shard(comm, static_cast<int64_t>(parts.size()), [&](int64_t part) { return Tensors{compute(parts[part])}; },
                 [&](int64_t part, const Tensors& values) {
    result.narrow(0, parts[part].first, parts[part].size).copy_(values[0]);
  });
  return result;
}

// |points_i - centre|^2 in float64. Row sums of differences do not depend on the thread count; a product might.
torch::Tensor squared_distances(const torch::Tensor& points, const torch::Tensor& centre) {
  auto result = torch::empty({points.size(0)}, torch::kFloat64);
  for_each_block({0, points.size(0)}, [&](int64_t first, int64_t count) {
    const auto difference = points.narrow(0, first, count) - centre;
    result.narrow(0, first, count).copy_(difference.square().sum(1, false, torch::kFloat64));
  });
  return result;
}

// The index that a uniform number in [0, 1) picks with probability proportional to `weights`; uniform when all are 0.
int64_t pick(const torch::Tensor& weights, double uniform) {
  const auto cumulative = weights.cumsum(0);
  const double total = cumulative[-1].item<double>();
  if (!(total > 0)) return static_cast<int64_t>(uniform * static_cast<double>(weights.size(0)));
  const auto found = torch::searchsorted(cumulative, torch::full({1}, uniform * total, torch::kFloat64), false, true);
  return std::min(found.item<int64_t>(), weights.size(0) - 1);
}

// k-means++: each next centre with probability proportional to the squared distance to those chosen so far.
torch::Tensor seed_centres(const torch::Tensor& points, const KMeansOptions& options) {
  auto generator = keyed_generator({options.seed, kPurpose});
  const int64_t sample_size = std::min(points.size(0), std::max(kSeedingPoints, 10 * options.clusters));
  const auto order = torch::randperm(points.size(0), generator, torch::kInt64).narrow(0, 0, sample_size);
  const auto sample = points.index_select(0, std::get<0>(order.sort()));
  const auto uniforms = torch::rand({options.clusters}, generator, torch::kFloat64);
  auto nearest = torch::ones({sample_size}, torch::kFloat64);
  std::vector<torch::Tensor> chosen;
  Progress progress("k-means++ centres", options.clusters, "centre");
  for (int64_t k = 0; k < options.clusters; ++k) {
    chosen.push_back(sample[pick(nearest, uniforms[k].item<double>())]);
    const auto distances = squared_distances(sample, chosen.back());
    nearest = k == 0 ? distances : torch::minimum(nearest, distances);
    progress.advance();
  }
  return torch::stack(chosen).to(torch::kFloat64);
}

// Squared distance of each point to the centre it is assigned to.
torch::Tensor own_distances(const torch::Tensor& points, const KMeansResult& state, Comm& comm) {
  return over_parts(comm, points.size(0), torch::kFloat64, [&](const RowRange& rows) {
    auto result = torch::empty({rows.size}, torch::kFloat64);
    for_each_block(rows, [&](int64_t first, int64_t count) {
      const auto own = state.centres.index_select(0, state.assignment.narrow(0, first, count));
      const auto difference = points.narrow(0, first, count).to(torch::kFloat64) - own;
      result.narrow(0, first - rows.first, count).copy_(difference.square().sum(1));
    });
    return result;
  });
}

// Gives each empty cluster the farthest point that is not the last of its own, farthest first. Clusters stay empty only
// where there are fewer distinct points than clusters.
void fill_empty_clusters(const torch::Tensor& points, KMeansResult& state, Comm& comm) {
  auto counts = torch::bincount(state.assignment, {}, state.centres.size(0));
  const auto empty = (counts == 0).nonzero().squeeze(1);
  if (empty.numel() == 0) return;
  auto [distances, farthest] = own_distances(points, state, comm).sort(/*stable=*/true, 0, /*descending=*/true);
  auto count = counts.accessor<int64_t, 1>();
  auto cluster = state.assignment.accessor<int64_t, 1>();
  int64_t filled = 0;
  for (int64_t i = 0; i < distances.size(0) && filled < empty.numel(); ++i) {
    if (distances[i].item<double>() == 0) return;
    int64_t& own = cluster[farthest[i].item<int64_t>()];
    if (count[own] == 1) continue;
    --count[own];
    own = empty[filled++].item<int64_t>();
  }
}

}  // namespace

void KMeansOptions::validate() const {
  if (clusters < 1 || clusters > limits::kMostComponents) {
    throw usage_error(fmt::format("clusters is {}, expected 1 to {}", clusters, limits::kMostComponents));
  }
  if (max_iterations < 1 || max_iterations > limits::kMostIterations) {
    throw usage_error(fmt::format("max_iterations is {}, expected 1 to {}", max_iterations, limits::kMostIterations));
  }
  if (!(tolerance >= 0 && tolerance < 1)) {
    throw usage_error(fmt::format("tolerance is {}, expected a fraction in [0, 1)", tolerance));
  }
}

ClusterMeans cluster_means(const torch::Tensor& points, const torch::Tensor& assignment, const torch::Tensor& centres,
                           Comm& comm) {
  const auto counts = torch::bincount(assignment, {}, centres.size(0));
  const auto parts = shards_of_rows(points.size(0));
  auto sums = torch::zeros_like(centres);
  for_each_shard(comm, static_cast<int64_t>(parts.size()), [&](int64_t part) {
    auto own = torch::zeros_like(centres);
    for_each_block(parts[part], [&](int64_t first, int64_t count) {
      own.index_add_(0, assignment.narrow(0, first, count), points.narrow(0, first, count).to(torch::kFloat64));
    });
    return Tensors{own};
  }, [&](int64_t, const Tensors& own) { sums += own[0]; });
  const auto means = sums / counts.clamp_min(1).unsqueeze(1);
  return {torch::where((counts > 0).unsqueeze(1), means, centres), counts};
}

KMeansResult kmeans(const torch::Tensor& points, const KMeansOptions& options, Comm& comm) {
  options.validate();
  const int64_t count = points.size(0);
  if (options.clusters > count) {
    throw usage_error(fmt::format("{} clusters for {} data points: choose at most as many", options.clusters, count));
  }
  KMeansResult state;
  state.centres = on_root(comm, [&] { return Tensors{seed_centres(points, options)}; })[0];
  const auto allowed = static_cast<int64_t>(options.tolerance * static_cast<double>(count));
  Progress progress(fmt::format("k-means, {} clusters, at most", options.clusters), options.max_iterations, "pass");
  while (state.iterations < options.max_iterations && !state.converged) {
    const auto before = state.assignment;
    state.assignment = over_parts(comm, count, torch::kInt64, [&](const RowRange& rows) {
      return nearest_centres(points.narrow(0, rows.first, rows.size), state.centres);
    });
    fill_empty_clusters(points, state, comm);
    const int64_t changed = before.defined() ? (before != state.assignment).sum().item<int64_t>() : count;
    const auto update = cluster_means(points, state.assignment, state.centres, comm);
    state.centres = update.means;
    state.counts = update.counts;
    ++state.iterations;
    state.converged = before.defined() && changed <= allowed;
    progress.advance(1, fmt::format("{} points moved", changed));
  }
  state.inertia = own_distances(points, state, comm).sum().item<double>();
  return state;
}

}  // namespace farfield
