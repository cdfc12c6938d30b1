#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <torch/types.h>

namespace farfield {

// Lower bounds on the distances from states to the points of a data set, from a few numbers a point instead of d: its
// coordinates in an orthonormal basis of r directions, and with `rest` the length of what is left. By the triangle
// inequality |x - y|^2 >= |a_x - a_y|^2 + (rest_x - rest_y)^2.
class CandidateBounds {
 public:
  // basis [d, r] float64 with orthonormal columns; centre [d] float64; points [N, d] float32 or float64.
  CandidateBounds(const torch::Tensor& points, torch::Tensor basis, torch::Tensor centre, bool rest);

  struct Squares {
    torch::Tensor lower;  // [B, N] float32: a bound on the squared distance, but for
    torch::Tensor slack;  // [B] float64: what rounding may have added to it, for sure
  };
  // rows [B, d] float64, CPU; `count` > 0: of the first so many points alone.
  Squares squares(const torch::Tensor& rows, int64_t count = 0) const;

 private:
  torch::Tensor embedded(const torch::Tensor& rows) const;  // [B, r (+ 1)] float64

  torch::Tensor basis_, centre_;
  bool rest_;
  torch::Tensor points_, squares_;  // [N, r (+ 1)], [N] float32
  double largest_ = 0;              // length of an embedded point
};

// The leading `rank` principal directions [d, r] of at most 2048 of the points, r = min(rank, d): by iteration on a random
// subspace, near enough, as any orthonormal basis gives bounds.
torch::Tensor leading_directions(const torch::Tensor& points, const torch::Tensor& centre, int64_t rank);

// The means of 2 x 2 pixels of images [C, H, W], each scaled by the root of its pixels: [C H W, C ceil(H/2) ceil(W/2)].
torch::Tensor block_directions(const std::vector<int64_t>& shape);

}  // namespace farfield
