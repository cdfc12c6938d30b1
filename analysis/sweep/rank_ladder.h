#pragma once

#include <cstdint>
#include <vector>

#include <torch/types.h>

#include "core/math/mixture_stats.h"

namespace farfield {

// One mixture of Gaussians cut to many ranks, evaluated at all of them together: at rank r every component keeps its r leading
// eigenpairs and no variance outside them (the papers' low rank); a component that has fewer keeps what it has. Coefficients,
// squared distances and weighted sums over eigendirections are formed once and added up from rank to rank, so that all ranks
// cost little more than the full one. float64 throughout, on the CPU; each result is make_mixture()'s of the cut statistics to
// rounding.
class RankLadder {
 public:
  // `stats` without variance outside its bases (tails 0), as fit_mixture() makes them, whose memory it shares; ranks >= 1,
  // strictly rising.
  RankLadder(const MixtureStats& stats, std::vector<int64_t> ranks);

  // D(x; sigma) at every rank, [Q, B, d]: rows [B, d] float64, sigma > 0.
  torch::Tensor denoise(const torch::Tensor& rows, double sigma) const;

  int64_t components() const { return static_cast<int64_t>(components_.size()); }
  // Eigenpairs of the component that has most, at most d; of how many components there are fewer than `rank`.
  int64_t largest_rank() const;
  int64_t components_below(int64_t rank) const;

 private:
  struct Component {
    torch::Tensor mean;     // [d]
    torch::Tensor vectors;  // [R, d], orthonormal rows
    torch::Tensor values;   // [R] falling
    torch::Tensor steps;    // [R, Q + 1]: 1 where a direction joins at that rank, or (last column) at none
    double log_weight = 0;

    int64_t rank() const { return values.size(0); }
  };

  // What one component says at every rank: [Q, B] log(w N(x; mean, S + sigma^2 I)), and its coefficients [B, R].
  struct Joint {
    torch::Tensor log_joint, z;
  };
  Joint joint(const Component& component, const torch::Tensor& rows, double noise) const;
  // Adds share [Q, B] times the component's own D to `denoised` [Q, B, d].
  void add(const Component& component, const torch::Tensor& z, const torch::Tensor& share, double noise,
           torch::Tensor& denoised) const;

  std::vector<int64_t> ranks_;
  std::vector<Component> components_;
  int64_t dim_;
};

}  // namespace farfield
