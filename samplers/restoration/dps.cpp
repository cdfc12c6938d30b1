#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "core/error.h"
#include "samplers/restoration/step_methods.h"
#include "samplers/solvers/fresh_noise.h"
#include "samplers/solvers/linear_combination.h"

namespace farfield {
namespace {

using torch::Tensor;

// |rows| of every sample, [B, 1, ...].
Tensor norms(const Tensor& rows) {
  std::vector<int64_t> shape(static_cast<size_t>(rows.dim()), 1);
  shape[0] = rows.size(0);
  return rows.flatten(1).norm(2, 1).reshape(shape);
}

class Dps final : public Solver {
 public:
  Dps(const Denoiser& prior, Tensor labels, Measurement measurement, const DpsOptions& options)
      : prior_(prior), labels_(std::move(labels)), measurement_(std::move(measurement)), options_(options) {}
  std::string_view name() const override { return "dps"; }
  int order() const override { return 1; }
  bool stochastic() const override { return options_.form == DpsOptions::Form::kAncestral; }
  std::unique_ptr<StepMemory> make_memory(const RunPlan& plan) const override {
    return std::make_unique<BrownianMemory>(plan);
  }

  // D comes from prior_, whose product with the Jacobian is needed; `denoise` makes the second evaluation of Heun's step.
  Step step(const DenoiseFn& denoise, const Tensor& x, Interval interval, StepMemory* memory) const override {
    const auto at = prior_.linearised(x, interval.from, labels_);
    const Tensor r = measurement_.residual(at.denoised), size = norms(r);
    const Tensor unit = torch::where(size > 0, r / size, torch::zeros({}, r.options()));
    const Tensor descent = at.times(measurement_.op.pull_back(at.denoised, unit));
    const double factor = std::sqrt((1 + interval.from * interval.from) * (1 + interval.to * interval.to));
    const Tensor next = prior_step(denoise, x, at.denoised, interval, memory);
    Tensor change = options_.zeta * factor * descent;
    if (options_.clip) change = change * (norms(next) / norms(change)).clamp_max(1).nan_to_num(1);
    return {next + change, at.denoised};
  }

 private:
  Tensor prior_step(const DenoiseFn& denoise, const Tensor& x, const Tensor& denoised, Interval interval,
                    StepMemory* memory) const {
    const double ratio = interval.to / interval.from;
    if (options_.form == DpsOptions::Form::kAncestral) {
      if (interval.to == 0) return denoised;
      const Tensor noise = static_cast<BrownianMemory*>(memory)->increment(interval, x);
      const double square = ratio * ratio, fresh = interval.to * std::sqrt(1 - square);
      return linear_combination({{1 - square, denoised}, {square, x}, {fresh, noise}});
    }
    const Tensor next = euler_step(x, denoised, interval);
    if (options_.form == DpsOptions::Form::kEuler || interval.to == 0) return next;
    const double half = (interval.to - interval.from) / 2;
    const Slope slopes[] = {{half, x, denoised, interval.from}, {half, next, denoise(next, interval.to), interval.to}};
    return add_slopes(x, slopes);
  }

  const Denoiser& prior_;
  Tensor labels_;
  Measurement measurement_;
  DpsOptions options_;
};

// beta_t of a step in the variance-preserving chain.
double step_variance(double from, double to) { return (from * from - to * to) / (1 + from * from); }

class DpsYt final : public Solver {
 public:
  DpsYt(Measurement measurement, double lambda) : measurement_(std::move(measurement)), lambda_(lambda) {}
  std::string_view name() const override { return "dps_yt"; }
  int order() const override { return 1; }
  bool stochastic() const override { return true; }
  std::unique_ptr<StepMemory> make_memory(const RunPlan& plan) const override {
    return std::make_unique<BrownianMemory>(plan);
  }

  Step step(const DenoiseFn& denoise, const Tensor& x, Interval interval, StepMemory* memory) const override {
    const Tensor denoised = denoise(x, interval.from);
    const double from = interval.from * interval.from, to = interval.to * interval.to, share = (from - to) / from;
    const double fresh = std::sqrt((from - to) * (1 + to) / (1 + from));
    const Tensor noise = static_cast<BrownianMemory*>(memory)->increment(interval, x);
    const Tensor next = linear_combination({{1 - share, x}, {share, denoised}, {fresh, noise}});
    const double weight = step_variance(interval.from, interval.to) / lambda_ / std::pow(measurement_.sigma_y, 2);
    if (weight == 0) return {next, denoised};
    return {next + weight * measurement_.op.pull_back(next, measurement_.residual(next)), denoised};
  }

 private:
  Measurement measurement_;
  double lambda_;
};

}  // namespace

std::unique_ptr<const Solver> make_dps(const Denoiser& prior, Tensor labels, Measurement measurement,
                                       const DpsOptions& options) {
  return std::make_unique<Dps>(prior, std::move(labels), std::move(measurement), options);
}

std::unique_ptr<const Solver> make_dps_yt(Measurement measurement, double lambda) {
  if (measurement.sigma_y == 0) {
    throw usage_error(
        "dps_yt divides by sigma_y, which is 0: take diffpir or ddrm, or say how noisy the measurement is");
  }
  return std::make_unique<DpsYt>(std::move(measurement), lambda);
}

double least_dps_yt_lambda(const LinearOperator& op, double sigma_y, const std::vector<double>& levels) {
  double largest = 0;
  for (size_t i = 0; i + 1 < levels.size(); ++i) largest = std::max(largest, step_variance(levels[i], levels[i + 1]));
  return largest * std::pow(op.norm() / sigma_y, 2) / 2;
}

}  // namespace farfield
