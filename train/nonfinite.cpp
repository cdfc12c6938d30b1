#include "train/nonfinite.h"

namespace farfield {

NonFiniteError::NonFiniteError(const std::string& message, std::map<std::string, torch::Tensor> batch)
    : Error(ExitCode::kNumeric, message), batch_(std::move(batch)) {}

bool all_finite(const torch::Tensor& values) {
  return values.numel() == 0 || torch::isfinite(values.abs().max()).item<bool>();
}

}  // namespace farfield
