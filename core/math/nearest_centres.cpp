#include <algorithm>
#include <cmath>
#include <limits>

#include "core/interrupts.h"
#include "core/math/kmeans.h"

namespace farfield {

namespace {

constexpr int64_t kBlock = 2048;       // points whose scores are held at once
constexpr int64_t kPairsAtOnce = 512;  // (point, centre) pairs compared exactly at once

struct Centres {
  torch::Tensor exact;         // [K, d] float64
  torch::Tensor shifted;       // [d, K] in the points' dtype, relative to the mean of the centres
  torch::Tensor half_squares;  // [K] in the points' dtype: (|c|^2 - |mean|^2) / 2
  double max_norm = 0;         // of the shifted centres
  double max_half_square = 0;
};

Centres prepare(const torch::Tensor& centres, torch::ScalarType dtype) {
  // |x - c|^2 / 2 = const(x) - (x.(c - m) - (|c|^2 - |m|^2) / 2) for any m; m near the centres makes the product small.
  const auto mean = centres.mean(0);
  const auto shifted = centres - mean;
  const auto half_squares = (shifted * (centres + mean)).sum(1) / 2;
  return {centres, shifted.t().to(dtype).contiguous(), half_squares.to(dtype),
          shifted.norm(2, {1}).max().item<double>(), half_squares.abs().max().item<double>()};
}

// For points whose best score is not beyond doubt: exact squared distances to every centre in question, [A, K] with
// infinity elsewhere; the first minimum wins.
torch::Tensor decide(const torch::Tensor& rows, const torch::Tensor& in_question, const torch::Tensor& centres) {
  const auto pairs = in_question.nonzero();
  auto distances = torch::full(in_question.sizes(), std::numeric_limits<double>::infinity(), torch::kFloat64);
  for (const auto& part : pairs.split(kPairsAtOnce)) {
    const auto row = part.select(1, 0), centre = part.select(1, 1);
    const auto difference = rows.index_select(0, row).to(torch::kFloat64) - centres.index_select(0, centre);
    distances.index_put_({row, centre}, difference.square_().sum(1));
  }
  return distances.argmin(1);
}

torch::Tensor nearest_in_block(const torch::Tensor& rows, const Centres& centres) {
  auto scores = torch::mm(rows, centres.shifted).sub_(centres.half_squares);
  auto [best, index] = scores.max(1);
  if (scores.size(1) == 1) return index;
  const double unit = rows.scalar_type() == torch::kFloat64 ? std::numeric_limits<double>::epsilon() / 2
                                                            : std::numeric_limits<float>::epsilon() / 2.0;
  // Twice the bound of a d-term product in any order of summation, with the rounding of its factors and of the
  // subtraction (see models/analytic/delta.cpp).
  const double factor = 2 * (static_cast<double>(rows.size(1)) + 4) * unit;
  const auto error = rows.norm(2, {1}) * (factor * centres.max_norm) + factor * centres.max_half_square;
  const auto lowest = (best - error).unsqueeze(1);
  const auto in_question = scores >= lowest;
  const auto doubtful = (in_question.sum(1) > 1).nonzero().squeeze(1);
  if (doubtful.numel() > 0) {
    index.index_copy_(0, doubtful,
                      decide(rows.index_select(0, doubtful), in_question.index_select(0, doubtful), centres.exact));
  }
  return index;
}

}  // namespace

torch::Tensor nearest_centres(const torch::Tensor& points, const torch::Tensor& centres) {
  const auto prepared = prepare(centres, points.scalar_type());
  auto assignment = torch::empty({points.size(0)}, torch::kInt64);
  for (int64_t first = 0; first < points.size(0); first += kBlock) {
    stop_if_interrupted();
    const int64_t count = std::min(kBlock, points.size(0) - first);
    assignment.narrow(0, first, count).copy_(nearest_in_block(points.narrow(0, first, count), prepared));
  }
  return assignment;
}

}  // namespace farfield
