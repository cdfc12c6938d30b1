#include "analysis/theory/conserved.h"

#include <limits>

#include "core/math/row_products.h"

namespace farfield {
namespace {

// |<rows, u_k>|, [n, K].
torch::Tensor lengths_along(const torch::Tensor& rows, const Directions& directions) {
  std::vector<torch::Tensor> lengths;
  for (int64_t k = 0; k < directions.size(); ++k) {
    lengths.push_back(row_products(rows, directions.vectors[k].expand_as(rows).contiguous()).abs());
  }
  return torch::stack(lengths, 1);
}

}  // namespace

Conserved conserved_quantity(const Path& path, const Directions& directions) {
  const torch::Tensor start = path.states[0].flatten(1), end = path.states[-1].flatten(1);
  const double start_alpha = vp_alpha(path.levels[0]);
  torch::Tensor first, first_norm;
  std::vector<torch::Tensor> drift, prediction, denoised, prediction_along, denoised_along;
  for (int64_t n = 0; n < path.denoised.size(0); ++n) {
    const double sigma = path.levels[static_cast<size_t>(n)];
    const torch::Tensor x = path.states[n].flatten(1), d = path.denoised[n].flatten(1);
    const torch::Tensor quantity = (x - d) / sigma;
    if (n == 0) first = quantity, first_norm = row_norms(quantity);
    drift.push_back(torch::where(first_norm > 0, row_norms(quantity - first) / first_norm,
                                 torch::full({}, std::numeric_limits<double>::quiet_NaN(), torch::kFloat64)));
    const torch::Tensor predicted = x - start * (sigma * start_alpha) - end, told = d - end;
    prediction.push_back(row_norms(predicted));
    denoised.push_back(row_norms(told));
    prediction_along.push_back(lengths_along(predicted, directions));
    denoised_along.push_back(lengths_along(told, directions));
  }
  return {torch::stack(drift, 1), torch::stack(prediction, 1), torch::stack(denoised, 1),
          torch::stack(prediction_along, 1), torch::stack(denoised_along, 1)};
}

}  // namespace farfield
