#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "samplers/restoration/step_methods.h"
#include "samplers/solvers/fresh_noise.h"
#include "samplers/solvers/linear_combination.h"

namespace farfield {
namespace {

using torch::Tensor;

constexpr double kCompatFloor = 0.001;  // of sigma_y, in images of [0, 1]

class Diffpir final : public Solver {
 public:
  Diffpir(Measurement measurement, const DiffpirOptions& options)
      : measurement_(std::move(measurement)),
        linear_(dynamic_cast<const LinearOperator*>(&measurement_.op)),
        options_(options),
        deviation_(options.compat ? std::max(kCompatFloor, measurement_.sigma_y / 2) : measurement_.sigma_y) {
    if (linear_ == nullptr && (deviation_ == 0 || options.lambda == 0)) {
      throw usage_error(
          "diffpir: " + measurement_.op.info().name +
          " is not linear, and its gradient step divides by lambda sigma_y^2, which is 0; say how noisy the "
          "measurement is, or take dps");
    }
  }
  std::string_view name() const override { return "diffpir"; }
  int order() const override { return 1; }
  bool stochastic() const override { return options_.xi > 0; }
  std::unique_ptr<StepMemory> make_memory(const RunPlan& plan) const override {
    return std::make_unique<BrownianMemory>(plan);
  }

  Step step(const DenoiseFn& denoise, const Tensor& x, Interval interval, StepMemory* memory) const override {
    if (options_.compat && interval.to == 0) return {pasted(x), denoise(x, interval.from)};
    const Tensor denoised = denoise(x, interval.from);
    const Tensor held = held_to_measurement(denoised, interval.from);
    const double along = interval.to * std::sqrt(1 - options_.xi) / interval.from;
    const double fresh = interval.to * std::sqrt(options_.xi);
    if (fresh == 0) return {linear_combination({{1 - along, held}, {along, x}}), denoised};
    const Tensor noise = static_cast<BrownianMemory*>(memory)->increment(interval, x);
    return {linear_combination({{1 - along, held}, {along, x}, {fresh, noise}}), denoised};
  }

 private:
  // xh of D at level `sigma`.
  Tensor held_to_measurement(const Tensor& denoised, double sigma) const {
    const double rho = deviation_ == 0 ? 0 : options_.lambda * deviation_ * deviation_ / (sigma * sigma);
    Tensor held;
    if (linear_ != nullptr) {
      held = linear_->prox(measurement_.rows_like(denoised), denoised, torch::full({1}, rho, torch::kFloat64));
    } else {
      held = denoised + measurement_.op.pull_back(denoised, measurement_.residual(denoised)) / rho;
    }
    if (options_.relax == 1) return held.contiguous();
    return linear_combination({{1 - options_.relax, denoised}, {options_.relax, held.contiguous()}});
  }
  Tensor pasted(const Tensor& x) const {
    const OperatorInfo& info = measurement_.op.info();
    const bool mask = info.measured < c10::multiply_integers(info.measurement_shape);
    return mask ? linear_->prox(measurement_.rows_like(x), x, torch::zeros({1}, torch::kFloat64)) : x;
  }

  Measurement measurement_;
  const LinearOperator* linear_;
  DiffpirOptions options_;
  double deviation_;
};

}  // namespace

std::unique_ptr<const Solver> make_diffpir(Measurement measurement, const DiffpirOptions& options) {
  return std::make_unique<Diffpir>(std::move(measurement), options);
}

}  // namespace farfield
