#pragma once

#include <map>
#include <string>

#include <torch/types.h>

#include "core/error.h"

namespace farfield {

// A training step met a value that is not finite: a numeric error with the step's batch, to be looked at.
class NonFiniteError : public Error {
 public:
  NonFiniteError(const std::string& message, std::map<std::string, torch::Tensor> batch);
  // clean, noise, sigma, positions, index, class_labels, augment_labels, loss (docs/formats.md).
  const std::map<std::string, torch::Tensor>& batch() const { return batch_; }

 private:
  std::map<std::string, torch::Tensor> batch_;
};

// Whether all values are finite, in one pass.
bool all_finite(const torch::Tensor& values);

}  // namespace farfield
