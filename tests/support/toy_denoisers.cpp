#include "tests/support/toy_denoisers.h"

#include <cmath>

namespace farfield::test {

using torch::Tensor;

ToyDenoiser toy_gaussian(double mean, double variance) {
  return
      [=](const Tensor& x, double sigma) { return (mean * sigma * sigma + variance * x) / (variance + sigma * sigma); };
}

ToyDenoiser toy_two_modes() {
  return [](const Tensor& x, double sigma) {
    constexpr double kMode = 1.2, kVariance = 0.25;
    const double total = kVariance + sigma * sigma;
    const auto state = x.contiguous().to(torch::kFloat64);
    auto denoised = torch::empty_like(state);
    const double* in = state.const_data_ptr<double>();
    double* out = denoised.mutable_data_ptr<double>();
    for (int64_t i = 0; i < state.numel(); ++i) {
      const double mode = std::tanh(in[i] * (kMode / total)) * kMode;  // the expected mode given x
      out[i] = mode + (in[i] - mode) * (kVariance / total);
    }
    return denoised.to(x.dtype());
  };
}

Tensor reference_flow(const ToyDenoiser& denoise, Tensor x, double from, double to, int steps) {
  const double h = (std::log(to) - std::log(from)) / steps;
  // dx / d(log sigma) = x - D(x; sigma)
  const auto f = [&](const Tensor& state, double position) {
    return state - denoise(state, from * std::exp(h * position));
  };
  for (int i = 0; i < steps; ++i) {
    const auto k1 = f(x, i), k2 = f(x + h / 2 * k1, i + 0.5), k3 = f(x + h / 2 * k2, i + 0.5),
               k4 = f(x + h * k3, i + 1);
    x = x + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4);
  }
  return x;
}

}  // namespace farfield::test
