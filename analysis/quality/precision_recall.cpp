#include "analysis/quality/precision_recall.h"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "analysis/quality/feature_rows.h"
#include "analysis/quality/pair_squares.h"
#include "core/error.h"
#include "core/interrupts.h"

namespace farfield {
namespace {

using torch::Tensor;

constexpr const char* kBallsMeasure = "precision and recall";

Tensor squared_radii(const Tensor& rows, int64_t k) {
  const int64_t count = rows.size(0);
  const PairSquares pairs(rows, rows);
  return nearest_rows(pairs, count, k, torch::arange(count, torch::kInt64)).squares.select(1, k - 1).contiguous();
}

// [B, n]: whether the rows of a block are within `limits` (broadcast to it), exactly.
Tensor inside(const PairSquares& pairs, const PairSquares::Block& block, const Tensor& limits, BallBorder border) {
  const auto within = [&](const Tensor& squares, const Tensor& limit) {
    return border == BallBorder::kIn ? squares <= limit : squares < limit;
  };
  Tensor result = within(block.squares, limits);
  const Tensor open = torch::nonzero((block.squares - limits).abs() <= block.error);
  if (open.size(0) == 0) return result;
  const Tensor row = open.select(1, 0).contiguous(), column = open.select(1, 1).contiguous();
  const Tensor limit = limits.expand_as(block.squares).index({row, column});
  result.index_put_({row, column}, within(pairs.exact(row + block.first, column), limit));
  return result;
}

// The largest radius / distance over the small balls, [B]; inf at the centre of one, also of one without a radius.
Tensor realism_of(const PairSquares& pairs, const PairSquares::Block& block, const Tensor& squared,
                  const Tensor& small) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const Tensor radii = squared.index_select(0, small);
  const Tensor ratios = radii / block.squares.index_select(1, small).clamp_min(0);
  const Tensor best = small.index_select(0, torch::where(radii > 0, ratios, 0.0).argmax(1));
  const Tensor row = torch::arange(block.first, block.first + block.squares.size(0), torch::kInt64);
  const Tensor distance = pairs.exact(row, best);
  const Tensor realism = torch::where(distance > 0, (squared.index_select(0, best) / distance).sqrt(), kInfinity);
  const Tensor points = small.index_select(0, torch::nonzero(radii == 0).squeeze(1));
  if (points.size(0) == 0) return realism;
  const Tensor limits = torch::full({1, squared.size(0)}, -1.0, torch::kFloat64).index_fill_(1, points, 0);
  return torch::where(inside(pairs, block, limits, BallBorder::kIn).any(1), kInfinity, realism);
}

}  // namespace

PrecisionRecall precision_recall(const Tensor& real, const Tensor& generated, int64_t k, BallBorder border) {
  const Tensor a = feature_rows(real, 2, kBallsMeasure), b = feature_rows(generated, 2, kBallsMeasure);
  check_same_width(a, b, kBallsMeasure);
  if (k < 1 || k >= std::min(a.size(0), b.size(0)))
    throw usage_error(fmt::format("{}: k is {}, expected 1 to {}, one less than the smaller set", kBallsMeasure, k,
                                  std::min(a.size(0), b.size(0)) - 1));
  const Tensor squared_a = squared_radii(a, k), squared_b = squared_radii(b, k);
  const Tensor small = torch::nonzero(squared_a <= squared_a.median()).squeeze(1);
  const PairSquares pairs(b, a);
  Tensor in_any = torch::zeros({a.size(0)}, torch::kBool), recalled = torch::zeros({a.size(0)}, torch::kBool);
  int64_t precise = 0, balls = 0;
  std::vector<Tensor> realism;
  for (int64_t first = 0; first < b.size(0); first += pairs.block_rows()) {
    stop_if_interrupted();
    const PairSquares::Block block = pairs.block(first);
    const Tensor of_a = inside(pairs, block, squared_a.unsqueeze(0), border);
    precise += of_a.any(1).sum().item<int64_t>();
    balls += of_a.sum().item<int64_t>();
    in_any |= of_a.any(0);
    const Tensor own = squared_b.narrow(0, first, block.squares.size(0)).unsqueeze(1);
    recalled |= inside(pairs, block, own, border).any(0);
    realism.push_back(realism_of(pairs, block, squared_a, small));
  }
  PrecisionRecall result;
  const auto n = static_cast<double>(a.size(0)), m = static_cast<double>(b.size(0));
  result.precision = static_cast<double>(precise) / m;
  result.recall = static_cast<double>(recalled.sum().item<int64_t>()) / n;
  result.f_score = 2 * result.precision * result.recall / std::max(result.precision + result.recall, 1e-5);
  result.density = static_cast<double>(balls) / (m * static_cast<double>(k));
  result.coverage = static_cast<double>(in_any.sum().item<int64_t>()) / n;
  result.radii_a = squared_a.sqrt(), result.radii_b = squared_b.sqrt();
  result.realism = torch::cat(realism);
  return result;
}

}  // namespace farfield
