#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <vector>

#include <ATen/Parallel.h>

#include "core/interrupts.h"
#include "models/patches/filtered_means.h"
#include "models/patches/lane_filter.h"
#include "models/patches/lane_kernels.h"

namespace farfield {

// How the numbers of an image are planes of a filter: `channels` are added up in each of `planes`.
struct PlaneLayout {
  int64_t channels, planes;
};

// A query seen through a filter, and how its soft-max is formed.
struct LaneQuery {
  const FilteredQuery& query;
  const LaneFilter& filter;
  PlaneLayout layout;
  double per_energy;  // 1 / (2 sigma^2)

  LaneQuery(const FilteredQuery& query, const LaneFilter& filter, PlaneLayout layout);
  // Whether energies in float64 do, or differences are needed: see kAllowedLogitError.
  bool energies_do() const;
  // How far an energy may be above the least that was found, and still have to be looked at.
  double window() const;

 private:
  double mean_square_, norm_square_;  // of x
};

// The energies of every place, group after group, in memory of its own: one a thread.
class GroupEnergies {
 public:
  explicit GroupEnergies(const LaneQuery& query);
  // [places][32] of a group with `filled` images; kNoImage where there is none.
  const double* of(int64_t group, int64_t filled);

 private:
  const LaneQuery& query_;
  torch::Tensor differences_, scratch_, energies_;
};

// The least energy of each place over all candidates, and the number of its image, 32 * group + place in the group.
struct NearestImages {
  std::vector<double> energy;
  std::vector<int64_t> image;
};
NearestImages nearest_images(const LaneQuery& query);

// Of all images of a shard that may matter, visit(place, group, slice, d): d[8] are the energies of images 8 slice ...
// 8 slice + 7 of the group less that of the place's nearest image, exact where they matter; infinite where no image is.
using VisitNear = std::function<void(int64_t place, int64_t group, int64_t slice, const double* differences)>;
void for_each_near(const LaneQuery& query, const NearestImages& nearest, const ImagePart& shard,
                   const VisitNear& visit);

// compute(number, shard) for every shard, shared over threads; what it leaves is combined by the caller in order.
template <class Compute>
void for_each_shard_of(const std::vector<ImagePart>& shards, const Compute& compute) {
  at::parallel_for(0, std::ssize(shards), 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      stop_if_interrupted();
      compute(i, shards[static_cast<size_t>(i)]);
    }
  });
}

}  // namespace farfield
