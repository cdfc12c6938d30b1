#pragma once

#include <cstdint>

#include <torch/types.h>

namespace farfield {

// Adam (Kingma & Ba 2015, algorithm 1) with the settings of EDM.
struct AdamOptions {
  double beta1 = 0.9;      // [0, 1)
  double beta2 = 0.999;    // [0, 1)
  double epsilon = 1e-8;   // > 0
  void validate() const;
};

// The running moments over one flat parameter buffer.
struct AdamState {
  torch::Tensor first, second;  // [n] float32
  int64_t steps = 0;            // updates made
};

AdamState make_adam_state(const torch::Tensor& parameters);

// One update in place, one pass over memory: parameters -= rate * m_hat / (sqrt(v_hat) + epsilon).
void adam_step(torch::Tensor& parameters, const torch::Tensor& gradient, AdamState& state, double rate,
               const AdamOptions& options);

}  // namespace farfield
