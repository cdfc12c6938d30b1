#include "train/adam.h"

#include <cmath>

#include <torch/types.h>

#include "train/require.h"

namespace farfield {

void AdamOptions::validate() const {
  require_option(beta1 >= 0 && beta1 < 1, "optimiser.beta1", beta1, "in [0, 1)");
  require_option(beta2 >= 0 && beta2 < 1, "optimiser.beta2", beta2, "in [0, 1)");
  require_option(std::isfinite(epsilon) && epsilon > 0, "optimiser.epsilon", epsilon, "above 0");
}

AdamState make_adam_state(const torch::Tensor& parameters) {
  return {torch::zeros_like(parameters), torch::zeros_like(parameters), 0};
}

void adam_step(torch::Tensor& parameters, const torch::Tensor& gradient, AdamState& state, double rate,
               const AdamOptions& options) {
  torch::NoGradGuard no_grad;
  state.steps += 1;
  const auto step = torch::full({}, static_cast<double>(state.steps), parameters.options());
  at::_fused_adam_({parameters}, {gradient}, {state.first}, {state.second}, {}, {step}, rate, options.beta1,
                   options.beta2, /*weight_decay=*/0, options.epsilon, /*amsgrad=*/false, /*maximize=*/false);
}

}  // namespace farfield
