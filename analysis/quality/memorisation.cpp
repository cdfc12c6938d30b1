#include "analysis/quality/memorisation.h"

#include "analysis/quality/feature_rows.h"
#include "analysis/quality/pair_squares.h"

namespace farfield {

using torch::Tensor;

Memorisation memorisation(const Tensor& train, const Tensor& generated, double threshold) {
  const Tensor a = feature_rows(train, 2, "memorisation"), b = feature_rows(generated, 1, "memorisation");
  check_same_width(a, b, "memorisation");
  const NearestRows found = nearest_rows(PairSquares(b, a), b.size(0), 2);
  Memorisation result;
  result.nearest = found.index.select(1, 0).contiguous();
  result.d1 = found.squares.select(1, 0).sqrt(), result.d2 = found.squares.select(1, 1).sqrt();
  result.ratio = torch::where(result.d2 > 0, result.d1 / result.d2, torch::zeros_like(result.d1));
  const auto [own, place, counts] = torch::unique_dim(result.nearest, 0, /*sorted=*/true, /*return_inverse=*/true);
  const NearestRows others = nearest_rows(PairSquares(a.index_select(0, own), a), own.size(0), 1, own);
  result.own_gap = others.squares.select(1, 0).sqrt().index_select(0, place);
  const auto share = [](const Tensor& which) { return which.to(torch::kFloat64).mean().item<double>(); };
  result.memorised = share(result.ratio < threshold);
  result.authentic = share(result.d1 > result.own_gap);
  return result;
}

}  // namespace farfield
