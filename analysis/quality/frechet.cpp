#include "analysis/quality/frechet.h"

#include <cmath>

#include <ATen/ops/linalg_qr.h>
#include <ATen/ops/linalg_svdvals.h>
#include <fmt/format.h>

#include "analysis/quality/feature_rows.h"
#include "core/error.h"
#include "core/math/eigen.h"

namespace farfield {

using torch::Tensor;

FrechetFactor frechet_factor(const Tensor& features, int64_t ddof) {
  const Tensor rows = feature_rows(features, 2, "a Fréchet distance");
  FrechetFactor result;
  result.mean = rows.mean(0);
  const Tensor centred = (rows - result.mean) / std::sqrt(static_cast<double>(rows.size(0) - ddof));
  result.trace = centred.square().sum().item<double>();
  result.factor = rows.size(0) <= rows.size(1) ? centred : std::get<1>(at::linalg_qr(centred, "r"));
  return result;
}

FrechetFactor frechet_factor(const FeatureMoments& moments) {
  const SymmetricEigen eigen = covariance_eigen(moments.covariance);
  return {moments.mean, eigen.values.sqrt().unsqueeze(1) * eigen.vectors.t(),
          moments.covariance.trace().item<double>()};
}

FrechetDistance frechet_distance(const FrechetFactor& a, const FrechetFactor& b) {
  if (a.mean.size(0) != b.mean.size(0))
    throw usage_error(fmt::format("a Fréchet distance is between features of one kind: these have {} and {} dimensions",
                                  a.mean.size(0), b.mean.size(0)));
  FrechetDistance result{0, (a.mean - b.mean).square().sum().item<double>(), a.trace, b.trace, 0, 0};
  result.trace_sqrt = at::linalg_svdvals(torch::mm(a.factor, b.factor.t())).sum().item<double>();
  const double sum = result.mean_term + (a.trace + b.trace - 2 * result.trace_sqrt);
  result.value = std::max(sum, 0.0);
  result.below_zero = std::max(-sum, 0.0);
  return result;
}

}  // namespace farfield
