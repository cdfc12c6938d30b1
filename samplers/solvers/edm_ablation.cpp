// EDM's generalised sampler (Karras et al. 2022, appendix B and table 1): a schedule sigma(t) and a scaling s(t), the ODE
//   dy/dt = (sigma'/sigma + s'/s) y - (sigma' s / sigma) D(y / s; sigma),   y = s(t) x,
// integrated over t by Euler's rule or a two-stage one.
#include <cmath>

#include <fmt/format.h>

#include "core/error.h"
#include "core/limits.h"
#include "core/text.h"
#include "samplers/schedules/vp_time.h"
#include "samplers/solvers/linear_combination.h"
#include "samplers/solvers/solvers.h"

namespace farfield {
namespace {

// sigma(t), its derivative and inverse.
class Schedule {
 public:
  enum class Kind { kLinear, kVe, kVp };
  // vp: sigma(1e-3) = sigma_min and sigma(1) = sigma_max.
  Schedule(Kind kind, double sigma_min, double sigma_max) : kind_(kind), vp_(VpTime::fitted(sigma_min, sigma_max)) {}

  double sigma(double t) const {
    switch (kind_) {
      case Kind::kLinear:
        break;
      case Kind::kVe:
        return std::sqrt(t);
      case Kind::kVp:
        return vp_.sigma(t);
    }
    return t;
  }
  double derivative(double t) const {
    const double s = sigma(t);
    switch (kind_) {
      case Kind::kLinear:
        break;
      case Kind::kVe:
        return 1 / (2 * s);
      case Kind::kVp:
        return 0.5 * (vp_.beta_min() + vp_.beta_d() * t) * (s + 1 / s);
    }
    return 1;
  }
  double time(double sigma) const {
    switch (kind_) {
      case Kind::kLinear:
        break;
      case Kind::kVe:
        return sigma * sigma;
      case Kind::kVp:
        return vp_.time(sigma);
    }
    return sigma;
  }

 private:
  Kind kind_;
  VpTime vp_;
};

struct AblationSettings {
  Schedule::Kind schedule;
  bool scaled;            // s = 1 / sqrt(1 + sigma^2); otherwise s = 1
  bool second_order;      // otherwise Euler
  double alpha;           // where the second stage stands: 1 Heun, 1/2 midpoint, 2/3 Ralston
  double vp_min, vp_max;  // what the vp schedule is fitted to; 0: the run's own levels
};

struct RunSchedule final : StepMemory {
  explicit RunSchedule(Schedule schedule) : schedule(schedule) {}
  Schedule schedule;
};

class EdmAblation final : public Solver {
 public:
  explicit EdmAblation(const AblationSettings& settings) : settings_(settings) {}
  std::string_view name() const override { return "edm_ablation"; }
  int order() const override { return settings_.second_order ? 2 : 1; }

  std::unique_ptr<StepMemory> make_memory(const RunPlan& plan) const override {
    const double last = plan.levels.back() > 0 || plan.levels.size() < 3 ? plan.levels.back()
                                                                         : plan.levels[plan.levels.size() - 2];
    const double low = settings_.vp_min > 0 ? settings_.vp_min : last;
    const double high = settings_.vp_max > 0 ? settings_.vp_max : plan.levels.front();
    if (settings_.schedule == Schedule::Kind::kVp && low >= high) {
      throw usage_error(fmt::format("solver edm_ablation: vp is fitted from {} to {}, expected vp_min below vp_max",
                                    format_double(low), format_double(high)));
    }
    return std::make_unique<RunSchedule>(Schedule(settings_.schedule, low, high));
  }

  Step step(const DenoiseFn& denoise, const torch::Tensor& x, Interval interval, StepMemory* memory) const override {
    const Schedule& schedule = static_cast<const RunSchedule&>(*memory).schedule;
    const auto [from, to] = interval;
    const double t = schedule.time(from), h = schedule.time(to) - t, s = scaling(from), s_to = scaling(to);
    const auto denoised = denoise(x, from);
    const auto [a, b] = slope_factors(schedule, t);  // dy/dt = a x - b D
    if (!settings_.second_order || to == 0) {
      return {linear_combination({{(s + h * a) / s_to, x}, {-h * b / s_to, denoised}}), denoised};
    }

    const double alpha = settings_.alpha, t_stage = t + alpha * h;
    const double sigma_stage = alpha == 1 ? to : schedule.sigma(t_stage), s_stage = scaling(sigma_stage);
    const auto stage = linear_combination({{(s + alpha * h * a) / s_stage, x}, {-alpha * h * b / s_stage, denoised}});
    const auto stage_denoised = denoise(stage, sigma_stage);
    const auto [a_stage, b_stage] = slope_factors(schedule, t_stage);
    const double w_stage = h / (2 * alpha), w = h - w_stage;
    return {linear_combination({{(s + w * a) / s_to, x},
                                {-w * b / s_to, denoised},
                                {w_stage * a_stage / s_to, stage},
                                {-w_stage * b_stage / s_to, stage_denoised}}),
            denoised};
  }

 private:
  double scaling(double sigma) const { return settings_.scaled ? 1 / std::hypot(1, sigma) : 1; }

  // (sigma'/sigma + s'/s) s and sigma' s / sigma at t: the factors of x = y / s and D.
  std::pair<double, double> slope_factors(const Schedule& schedule, double t) const {
    const double sigma = schedule.sigma(t), derivative = schedule.derivative(t), s = scaling(sigma);
    const double relative_scaling = settings_.scaled ? -sigma * derivative * s * s : 0;  // s'/s
    return {(derivative / sigma + relative_scaling) * s, derivative * s / sigma};
  }

  AblationSettings settings_;
};

}  // namespace

std::unique_ptr<const Solver> make_edm_ablation(const SolverOptions& options) {
  using Kind = Schedule::Kind;
  const std::string schedule = options.choice("schedule", "linear", {"linear", "ve", "vp"});
  return std::make_unique<EdmAblation>(
      AblationSettings{.schedule = schedule == "vp"   ? Kind::kVp
                                   : schedule == "ve" ? Kind::kVe
                                                      : Kind::kLinear,
                       .scaled = options.choice("scaling", "none", {"none", "vp"}) == "vp",
                       .second_order = options.choice("rule", "heun", {"heun", "euler"}) == "heun",
                       .alpha = options.number_from("alpha", 1, 0.01, 1),
                       .vp_min = options.number_from("vp_min", 0, 0, limits::kHighestSigma),
                       .vp_max = options.number_from("vp_max", 0, 0, limits::kHighestSigma)});
}

}  // namespace farfield
