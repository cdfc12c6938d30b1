#include "samplers/solvers/analytical_first_step.h"

#include <cmath>

namespace farfield {

DenoiseFn with_analytical_first_step(DenoiseFn denoise) {
  return [denoise = std::move(denoise), first = true](const torch::Tensor& x, double sigma) mutable {
    if (!first) return denoise(x, sigma);
    first = false;
    const double total = std::hypot(1, sigma);
    return x * (1 / (total * (total + sigma)));  // 1 - sigma / total without cancellation
  };
}

}  // namespace farfield
