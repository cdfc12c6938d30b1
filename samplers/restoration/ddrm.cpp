#include <cmath>

#include "samplers/restoration/step_methods.h"
#include "samplers/solvers/fresh_noise.h"

namespace farfield {
namespace {

using torch::Tensor;

class Ddrm final : public Solver {
 public:
  Ddrm(Measurement measurement, const DdrmOptions& options)
      : measurement_(std::move(measurement)), op_(require_linear(measurement_.op, "ddrm")), options_(options) {}
  std::string_view name() const override { return "ddrm"; }
  int order() const override { return 1; }
  bool stochastic() const override { return true; }
  std::unique_ptr<StepMemory> make_memory(const RunPlan& plan) const override {
    return std::make_unique<BrownianMemory>(plan);
  }

  Step step(const DenoiseFn& denoise, const Tensor& x, Interval interval, StepMemory* memory) const override {
    const Tensor denoised = denoise(x, interval.from);
    const Tensor measured = op_.pseudo_inverse(measurement_.rows_like(x));
    const double kept = std::sqrt(1 - options_.eta * options_.eta), to = interval.to;
    const Tensor of_state = op_.of_singular_values(x - denoised, [&](const Tensor& a) {
      return torch::where(seen(a), torch::zeros_like(a), torch::full_like(a, kept * to / interval.from));
    });
    const Tensor of_measured = op_.of_singular_values(measured - denoised, [&](const Tensor& a) {
      return torch::where(seen(a),
                          torch::where(is_noisier(a, to), kept * to * a / measurement_.sigma_y, options_.eta_b),
                          torch::zeros_like(a));
    });
    if (to == 0) return {denoised + of_state + of_measured, denoised};
    const Tensor noise = static_cast<BrownianMemory*>(memory)->increment(interval, x);
    return {denoised + of_state + of_measured + of_noise(noise, to), denoised};
  }

 private:
  Tensor seen(const Tensor& a) const { return a.square() > op_.smallest_eigenvalue(); }
  // Whether the measurement says less along it than a state at level `to` does.
  Tensor is_noisier(const Tensor& a, double to) const { return a * to < measurement_.sigma_y; }
  Tensor of_noise(const Tensor& noise, double to) const {
    return op_.of_singular_values(noise, [&](const Tensor& a) {
      const Tensor known = (options_.eta_b * measurement_.sigma_y / a).square();
      return torch::where(seen(a) & ~is_noisier(a, to), (to * to - known).clamp_min(0).sqrt(),
                          torch::full_like(a, options_.eta * to));
    });
  }

  Measurement measurement_;
  const LinearOperator& op_;
  DdrmOptions options_;
};

}  // namespace

std::unique_ptr<const Solver> make_ddrm(Measurement measurement, const DdrmOptions& options) {
  return std::make_unique<Ddrm>(std::move(measurement), options);
}

}  // namespace farfield
