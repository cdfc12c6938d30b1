#include "models/analytic/candidate_bounds.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <ATen/ops/linalg_qr.h>

#include "core/error.h"
#include "core/math/random.h"

namespace farfield {
namespace {

using torch::Tensor;

constexpr int64_t kBlock = 2048;    // points embedded at once
constexpr int64_t kSampled = 2048;  // points that the directions are looked for in
constexpr int64_t kExtraDirections = 8;
constexpr double kUnit = std::numeric_limits<float>::epsilon() / 2;

}  // namespace

CandidateBounds::CandidateBounds(const Tensor& points, Tensor basis, Tensor centre, bool rest)
    : basis_(std::move(basis)), centre_(std::move(centre)), rest_(rest) {
  std::vector<Tensor> parts;
  for (const Tensor& block : points.split(kBlock)) {
    const Tensor part = embedded(block.to(torch::kFloat64));
    largest_ = std::max(largest_, part.square().sum(1).max().sqrt().item<double>());
    parts.push_back(part.to(torch::kFloat32));
  }
  points_ = torch::cat(parts);
  squares_ = points_.to(torch::kFloat64).square().sum(1).to(torch::kFloat32);
}

Tensor CandidateBounds::embedded(const Tensor& rows) const {
  const Tensor centred = rows - centre_;
  Tensor along = torch::mm(centred, basis_);
  if (!rest_) return along;
  const Tensor rest = (centred.square().sum(1) - along.square().sum(1)).clamp_min(0).sqrt();
  return torch::cat({along, rest.unsqueeze(1)}, 1);
}

// The slack: with q and a of length at most l = |q| + max|a|, rounding of the points' and the query's numbers moves a distance by at
// most 2 u l, hence its square by 4 u l^2 and more for the rest, whose square is a difference with an error of some d units
// of float64, below u^2; the products' and sums' errors are below (r + 4) u l^2 (Higham 2002, eq. 3.5). All of it together is
// below 4 (r + 16) u l^2.
CandidateBounds::Squares CandidateBounds::squares(const Tensor& rows, int64_t count) const {
  const Tensor query = embedded(rows), lengths = query.square().sum(1).sqrt();
  const Tensor points = count > 0 ? points_.narrow(0, 0, count) : points_;
  const Tensor squares = count > 0 ? squares_.narrow(0, 0, count) : squares_;
  Tensor lower = torch::mm(query.to(torch::kFloat32), points.t()).mul_(-2).add_(squares);
  lower.add_(lengths.square().to(torch::kFloat32).unsqueeze(1));
  const double unit = 4 * static_cast<double>(points_.size(1) + 16) * kUnit;
  return {lower, (lengths + largest_).square() * unit};
}

Tensor leading_directions(const Tensor& points, const Tensor& centre, int64_t rank) {
  const int64_t step = std::max<int64_t>(1, points.size(0) / kSampled), dim = points.size(1);
  const Tensor sample =
      points.slice(0, 0, {}, step).narrow(0, 0, std::min(kSampled, points.size(0))).to(torch::kFloat32) -
      centre.to(torch::kFloat32);
  const int64_t wanted = std::min(rank, dim), tried = std::min(wanted + kExtraDirections, dim);
  Tensor directions = torch::randn({dim, tried}, keyed_generator({0x626f756e64}));
  for (int pass = 0; pass < 3; ++pass) {
    directions = torch::mm(sample.t(), torch::mm(sample, directions)) + 1e-6 * directions;
    directions = std::get<0>(at::linalg_qr(directions.to(torch::kFloat64))).to(torch::kFloat32);
  }
  // Within the subspace, the leading directions first.
  const Tensor within = torch::mm(sample, directions).to(torch::kFloat64);
  const Tensor leading = std::get<1>(at::linalg_eigh(torch::mm(within.t(), within))).flip(1).narrow(1, 0, wanted);
  return std::get<0>(at::linalg_qr(torch::mm(directions.to(torch::kFloat64), leading)));
}

Tensor block_directions(const std::vector<int64_t>& shape) {
  check(shape.size() == 3, "block_directions: [C, H, W]");
  const int64_t channels = shape[0], height = shape[1], width = shape[2];
  const int64_t rows = (height + 1) / 2, columns = (width + 1) / 2;
  Tensor basis = torch::zeros({channels * height * width, channels * rows * columns}, torch::kFloat64);
  double* at = basis.mutable_data_ptr<double>();
  for (int64_t c = 0; c < channels; ++c) {
    for (int64_t i = 0; i < height; ++i) {
      for (int64_t j = 0; j < width; ++j) {
        const int64_t pixels = std::min<int64_t>(2, height - i / 2 * 2) * std::min<int64_t>(2, width - j / 2 * 2);
        const int64_t row = (c * height + i) * width + j, column = (c * rows + i / 2) * columns + j / 2;
        at[row * basis.size(1) + column] = 1 / std::sqrt(static_cast<double>(pixels));
      }
    }
  }
  return basis;
}

}  // namespace farfield
