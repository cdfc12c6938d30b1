#include "analysis/quality/vendi.h"

#include <cmath>
#include <limits>

#include <ATen/ops/linalg_eigvalsh.h>
#include <ATen/ops/xlogy.h>

#include "analysis/quality/feature_rows.h"

namespace farfield {

double vendi_score(const torch::Tensor& features) {
  const torch::Tensor rows = feature_rows(features, 1, "a Vendi score");
  const torch::Tensor lengths = rows.norm(2, {1}, /*keepdim=*/true);
  if (!(lengths > 0).all().item<bool>()) return std::numeric_limits<double>::quiet_NaN();
  const torch::Tensor unit = rows / lengths / std::sqrt(static_cast<double>(rows.size(0)));
  const bool wide = rows.size(1) > rows.size(0);
  const torch::Tensor gram = wide ? torch::mm(unit, unit.t()) : torch::mm(unit.t(), unit);
  const torch::Tensor values = at::linalg_eigvalsh(gram).clamp_min(0);
  return std::exp(-at::xlogy(values, values).sum().item<double>());
}

}  // namespace farfield
