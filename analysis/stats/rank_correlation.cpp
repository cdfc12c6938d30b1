#include "analysis/stats/rank_correlation.h"

#include <cmath>
#include <limits>

#include "core/error.h"

namespace farfield {
namespace {

using torch::Tensor;

// [n, n]: the sign of values[i] - values[j].
Tensor orders(const Tensor& values) {
  const Tensor column = values.to(torch::kFloat64).unsqueeze(1);
  return (column > column.t()).to(torch::kFloat64) - (column < column.t()).to(torch::kFloat64);
}

}  // namespace

RankCorrelation rank_correlation(const Tensor& a, const Tensor& b) {
  check(a.dim() == 1 && a.sizes() == b.sizes(), "rank_correlation takes two lists of one length");
  const Tensor of_a = orders(a), of_b = orders(b);
  // The sum of a row is twice its mean rank, centred.
  const Tensor rank_a = of_a.sum(1), rank_b = of_b.sum(1);
  const auto cosine = [](const Tensor& x, const Tensor& y) {
    const double scale = x.square().sum().item<double>() * y.square().sum().item<double>();
    return scale > 0 ? (x * y).sum().item<double>() / std::sqrt(scale) : std::numeric_limits<double>::quiet_NaN();
  };
  return {cosine(rank_a, rank_b), cosine(of_a, of_b)};
}

}  // namespace farfield
