#pragma once

#include <cstdint>
#include <string>

#include <torch/types.h>

#include "core/config/config.h"

namespace farfield {

// Adam (Kingma & Ba 2015, algorithm 1) with the settings of EDM, or AdamW (Loshchilov & Hutter 2019, algorithm 2).
struct AdamOptions {
  double beta1 = 0.9;          // [0, 1)
  double beta2 = 0.999;        // [0, 1)
  double epsilon = 1e-8;       // > 0
  std::string name = "adam";   // adam, adamw
  double weight_decay = 0.01;  // adamw: every parameter shrinks by rate * weight_decay first; >= 0 (torch's default)
  double clip_norm = 0;        // > 0: a gradient of a larger 2-norm (all parameters together) is scaled to it; 0: never

  // From an `optimiser` section: name, beta1, beta2, epsilon, clip_norm, and for adamw weight_decay.
  static AdamOptions from_config(const Config& optimiser);
  void validate() const;
};

// The running moments over one flat parameter buffer.
struct AdamState {
  torch::Tensor first, second;  // [n] float32
  int64_t steps = 0;            // updates made
};

AdamState make_adam_state(const torch::Tensor& parameters);

// Scales the gradient in place so that its 2-norm is at most `clip_norm`; 0 leaves it alone. Returns whether it is finite,
// which the norm tells in the same pass; one that is not stays as it is.
bool clip_gradient(torch::Tensor& gradient, double clip_norm);

// One update in place, one pass over memory: parameters -= rate * m_hat / (sqrt(v_hat) + epsilon); adamw
// multiplies the parameters by 1 - rate * weight_decay before. Returns whether all new parameters and second moments are
// finite, looked at in the same pass.
bool adam_step(torch::Tensor& parameters, const torch::Tensor& gradient, AdamState& state, double rate,
               const AdamOptions& options);

}  // namespace farfield
