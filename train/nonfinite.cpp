#include "train/nonfinite.h"

#include <cmath>

#include <ATen/ops/aminmax.h>

namespace farfield {

NonFiniteError::NonFiniteError(const std::string& message, std::map<std::string, torch::Tensor> batch)
    : Error(ExitCode::kNumeric, message), batch_(std::move(batch)) {}

bool all_finite(const torch::Tensor& values) {
  if (values.numel() == 0) return true;
  const auto [least, greatest] = at::aminmax(values.detach());  // a NaN is both
  return std::isfinite(least.item<double>()) && std::isfinite(greatest.item<double>());
}

}  // namespace farfield
