#pragma once

#include <cstdint>

#include <torch/types.h>

#include "core/comm.h"

namespace farfield {

struct KMeansOptions {
  int64_t clusters = 10;  // K, in [1, N]
  uint64_t seed = 0;
  int64_t max_iterations = 100;  // passes over the data, >= 1
  double tolerance = 1e-4;       // stop when at most this fraction of the points changed cluster, in [0, 1)
  void validate() const;         // usage_error naming field, value and constraint
};

struct KMeansResult {
  torch::Tensor centres;     // [K, d] float64: the mean of each cluster as assigned below
  torch::Tensor assignment;  // [N] int64
  torch::Tensor counts;      // [K] int64, each >= 1 where the data have K distinct points
  double inertia = 0;        // sum of squared distances to the centres
  int64_t iterations = 0;
  bool converged = false;
};

// Lloyd's algorithm from k-means++ centres (Arthur & Vassilvitskii 2007), which are chosen among max(10 K, 10,000)
// points drawn without replacement. points [N, d] float32 or float64, finite, CPU. Assignments are exact: the float32
// product decides only where its proven error bound cannot matter, float64 differences decide the rest, equal distances
// go to the lower index; so the result depends on points and seed alone, not on the thread count. An empty cluster
// takes over the point farthest from its centre. Error(kInterrupted) on a signal. Ranks that have the
// same points share the passes (core/shards.h), each has the whole result: the same bits for any number of them.
KMeansResult kmeans(const torch::Tensor& points, const KMeansOptions& options, Comm& comm = alone());

// One pass: the nearest centre of every point, exact as above. centres [K, d] float64 -> [N] int64.
torch::Tensor nearest_centres(const torch::Tensor& points, const torch::Tensor& centres);

// The other half of a pass: counts and float64 means of the clusters; one without points keeps its centre. Sums run in
// the order of the points within each of their parts (core/shards.h) and then over the parts, whatever the thread count.
struct ClusterMeans {
  torch::Tensor means;   // [K, d] float64
  torch::Tensor counts;  // [K] int64
};
ClusterMeans cluster_means(const torch::Tensor& points, const torch::Tensor& assignment, const torch::Tensor& centres,
                           Comm& comm = alone());

}  // namespace farfield
