#pragma once

#include <torch/types.h>

namespace farfield {

// A root mean square per number over seeds, with the 95 % percentile-bootstrap interval over seeds (1000 replicates).
struct RmsError {
  double rms = 0, low = 0, high = 0;
};

// squares [n] float64: each seed's mean square of a difference.
RmsError rms_error(const torch::Tensor& squares);

}  // namespace farfield
