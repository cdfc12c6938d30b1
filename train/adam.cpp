#include "train/adam.h"

#include <cmath>

#include <fmt/format.h>
#include <torch/types.h>

#include "core/error.h"
#include "train/cached_parts.h"
#include "train/nonfinite.h"
#include "train/require.h"

namespace farfield {

AdamOptions AdamOptions::from_config(const Config& optimiser) {
  AdamOptions options;
  options.name = optimiser.choice("name", options.name, {"adam", "adamw"});
  options.beta1 = optimiser.number("beta1", options.beta1);
  options.beta2 = optimiser.number("beta2", options.beta2);
  options.epsilon = optimiser.number("epsilon", options.epsilon);
  options.clip_norm = optimiser.number("clip_norm", options.clip_norm);
  if (options.name == "adamw") {
    options.weight_decay = optimiser.number("weight_decay", options.weight_decay);
  } else if (optimiser.has("weight_decay")) {
    throw usage_error(optimiser.where("weight_decay") +
                      ": optimiser.weight_decay applies to optimiser.name = adamw only");
  }
  return options;
}

void AdamOptions::validate() const {
  constexpr double kSmallestEpsilon = 1e-30;  // a float32 that is no denormal number
  constexpr double kHighestDecay = 1000, kSmallestNorm = 1e-30, kLargestNorm = 1e30;
  require_option(beta1 >= 0 && beta1 < 1, "optimiser.beta1", beta1, "in [0, 1)");
  require_option(beta2 >= 0 && beta2 < 1, "optimiser.beta2", beta2, "in [0, 1)");
  require_option(epsilon >= kSmallestEpsilon && epsilon <= 1, "optimiser.epsilon", epsilon,
                 fmt::format("above 0, from {} to 1", kSmallestEpsilon));
  require_option(weight_decay >= 0 && weight_decay <= kHighestDecay, "optimiser.weight_decay", weight_decay,
                 fmt::format("0 or more, at most {}", kHighestDecay));
  require_option(clip_norm == 0 || (clip_norm >= kSmallestNorm && clip_norm <= kLargestNorm), "optimiser.clip_norm",
                 clip_norm, fmt::format("0 (never) or more, from {} to {}", kSmallestNorm, kLargestNorm));
}

bool clip_gradient(torch::Tensor& gradient, double clip_norm) {
  torch::NoGradGuard no_grad;
  double norm = at::linalg_vector_norm(gradient).item<double>();
  if (!std::isfinite(norm)) {
    if (!all_finite(gradient)) return false;
    norm =
        at::linalg_vector_norm(gradient, 2, std::nullopt, false, torch::kFloat64).item<double>();  // squares overflow
  }
  if (clip_norm > 0 && norm > clip_norm) gradient.mul_(clip_norm / norm);
  return true;
}

AdamState make_adam_state(const torch::Tensor& parameters) {
  return {torch::zeros_like(parameters), torch::zeros_like(parameters), 0};
}

bool adam_step(torch::Tensor& parameters, const torch::Tensor& gradient, AdamState& state, double rate,
               const AdamOptions& options) {
  torch::NoGradGuard no_grad;
  state.steps += 1;
  const auto step = torch::full({}, static_cast<double>(state.steps), parameters.options());
  bool finite = true;
  for_cached_parts(parameters, [&](int64_t first, int64_t count) {
    const auto part = [&](const torch::Tensor& flat) { return flat.narrow(0, first, count); };
    const auto values = part(parameters), slope = part(gradient), mean = part(state.first), second = part(state.second);
    if (options.name == "adamw") {
      at::_fused_adamw_({values}, {slope}, {mean}, {second}, {}, {step}, rate, options.beta1, options.beta2,
                        options.weight_decay, options.epsilon, /*amsgrad=*/false, /*maximize=*/false);
    } else {
      at::_fused_adam_({values}, {slope}, {mean}, {second}, {}, {step}, rate, options.beta1, options.beta2,
                       /*weight_decay=*/0, options.epsilon, /*amsgrad=*/false, /*maximize=*/false);
    }
    finite = finite && all_finite(values) && all_finite(second);
  });
  return finite;
}

}  // namespace farfield
