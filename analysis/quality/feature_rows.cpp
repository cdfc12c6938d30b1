#include "analysis/quality/feature_rows.h"

#include <fmt/format.h>

#include "core/error.h"

namespace farfield {

torch::Tensor feature_rows(const torch::Tensor& features, int64_t least, const std::string& measure) {
  check(features.dim() == 2 && features.is_floating_point(), "features must be [n, d] floating");
  if (features.size(0) < least)
    throw usage_error(fmt::format("{} takes {} samples or more, got {}", measure, least, features.size(0)));
  const torch::Tensor rows = features.to(torch::kCPU, torch::kFloat64).contiguous();
  const torch::Tensor finite = rows.isfinite().all(1);
  if (!finite.all().item<bool>()) {
    const auto row = torch::nonzero(finite.logical_not())[0][0].item<int64_t>();
    throw numeric_error(fmt::format("the features of sample {} are not finite", row));
  }
  return rows;
}

void check_same_width(const torch::Tensor& a, const torch::Tensor& b, const std::string& measure) {
  if (a.size(1) == b.size(1)) return;
  throw usage_error(
      fmt::format("{} compares features of one kind: these have {} and {} dimensions", measure, a.size(1), b.size(1)));
}

}  // namespace farfield
