#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "analysis/likelihood/flow_parts.h"
#include "core/error.h"
#include "samplers/solvers/dormand_prince.h"
#include "samplers/solvers/error_control.h"

namespace farfield {
namespace {

using torch::Tensor;

Tensor places_of(const std::vector<int64_t>& rows) { return torch::tensor(rows, torch::kInt64); }
Tensor numbers(const std::vector<double>& values) { return torch::tensor(values, torch::kFloat64); }

// values [A] as a factor of a tensor [A, ...].
Tensor column(const Tensor& values, const Tensor& like) {
  std::vector<int64_t> shape(static_cast<size_t>(like.dim()), 1);
  shape[0] = values.size(0);
  return values.to(like.device()).view(shape);
}

// Every sample by steps of its own, in u = ln sigma; each attempt evaluates all samples that are not done.
class AdaptiveFlow {
 public:
  AdaptiveFlow(const FlowSolver& solver, const FlowDivergence& divergence, const Tensor& x, const FlowRange& range,
               const FlowProgress& progress)
      : divergence_(divergence),
        progress_(progress),
        range_(range),
        low_(std::log(range.sigma_min)),
        high_(std::log(range.sigma_max)),
        dim_(static_cast<double>(x[0].numel())),
        x_(x.clone()),
        at_(static_cast<size_t>(x.size(0)), low_),
        growth_(at_.size(), Growth(growth_places(range))) {
    control_.rtol = solver.rtol;
    control_.atol = solver.atol;
    constexpr double kFirstStep = 0.05;
    controllers_.assign(at_.size(), StepSizeController(control_, 5, std::min(kFirstStep, high_ - low_)));
    evaluations_ = torch::ones({x.size(0)}, torch::kInt64);
  }

  FlowResult run() {
    std::vector<int64_t> active(at_.size());
    for (size_t i = 0; i < active.size(); ++i) active[i] = static_cast<int64_t>(i);
    slope_ = slope_at(x_, numbers(at_), places_of(active));
    integral_ = torch::zeros_like(slope_.integral);
    while (!active.empty()) {
      attempt(active);
      std::erase_if(active, [&](int64_t row) { return at_[static_cast<size_t>(row)] >= high_; });
    }
    return {x_, integral_.cpu(), evaluations_, growth_matrix(growth_, integral_)};
  }

 private:
  FlowSlope slope_at(const Tensor& x, const Tensor& u, const Tensor& places) const {
    const Tensor sigma = u.exp().clamp(range_.sigma_min, range_.sigma_max);  // exp(ln sigma) rounds
    const Divergence::Value value = divergence_(x, sigma, places);
    return {x - value.denoised, value.divergence};
  }

  // One attempt of every sample in `active`.
  void attempt(const std::vector<int64_t>& active) {
    using namespace dormand_prince;
    const Tensor places = places_of(active), on = places.to(x_.device());
    std::vector<double> sizes, from;
    for (const int64_t row : active) {
      const auto i = static_cast<size_t>(row);
      from.push_back(at_[i]);
      sizes.push_back(std::min(controllers_[i].size(), high_ - at_[i]));
      check_size(sizes.back(), at_[i]);
    }
    const Tensor h = numbers(sizes), u = numbers(from), x = x_.index_select(0, on);
    const Tensor integral = integral_.index_select(0, on);
    std::vector<FlowSlope> stages = {{slope_.x.index_select(0, on), slope_.integral.index_select(0, on)}};
    Tensor next_x, next_integral;
    for (size_t s = 1; s < kStages; ++s) {
      next_x = moved(x, h, stages, &FlowSlope::x, kA[s]);
      next_integral = moved(integral, h, stages, &FlowSlope::integral, kA[s]);
      stages.push_back(slope_at(next_x, u + kC[s] * h, places));
    }
    const Tensor errors = error(stages, h, {x, integral}, {next_x, next_integral});
    std::vector<int64_t> taken, own;  // places in the batch, and in `active`
    for (size_t k = 0; k < active.size(); ++k) {
      const auto i = static_cast<size_t>(active[k]);
      const double value = errors.const_data_ptr<double>()[k];
      if (!std::isfinite(value)) {
        throw numeric_error(fmt::format(
            "likelihood: a state is not finite after sigma {:g}; the model has no flow there", std::exp(from[k])));
      }
      if (!controllers_[i].propose(value, sizes[k])) continue;
      taken.push_back(active[k]);
      own.push_back(static_cast<int64_t>(k));
    }
    evaluations_.index_add_(0, places, torch::full({places.size(0)}, kStages - 1, torch::kInt64));
    if (!taken.empty()) take(taken, own, sizes, {x, integral}, {next_x, next_integral}, stages);
  }

  void check_size(double size, double at) const {
    if (size > 1e-13 * std::max(1.0, std::abs(at))) return;
    throw numeric_error(
        fmt::format("likelihood: the step size vanished at sigma {:g}; raise rtol and atol", std::exp(at)));
  }

  static Tensor moved(const Tensor& from, const Tensor& h, const std::vector<FlowSlope>& stages,
                      Tensor FlowSlope::* part, const double* weights) {
    Tensor change = torch::zeros_like(from);
    for (size_t j = 0; j < stages.size(); ++j) {
      if (weights[j] != 0) change.add_(stages[j].*part, weights[j]);
    }
    return from + column(h, from) * change;
  }

  // [A] on the CPU: the root mean square over the state, and the integral's per dimension, the larger of the two.
  Tensor error(const std::vector<FlowSlope>& stages, const Tensor& h, const FlowSlope& before,
               const FlowSlope& after) const {
    using dormand_prince::kError;
    const auto difference = [&](Tensor FlowSlope::* part) {
      return moved(torch::zeros_like(before.*part), h, stages, part, kError);
    };
    const Tensor scale = torch::maximum((before.x).abs(), after.x.abs()).mul_(control_.rtol).clamp_min_(control_.atol);
    const Tensor of_state = (difference(&FlowSlope::x) / scale).square().flatten(1).mean(1).sqrt().cpu();
    const Tensor level = torch::maximum(before.integral.mean(1).abs(), after.integral.mean(1).abs()) / dim_;
    const Tensor allowed = level.mul(control_.rtol).clamp_min(control_.atol) * dim_;
    const Tensor of_integral = (difference(&FlowSlope::integral).mean(1).abs() / allowed).cpu();
    return torch::maximum(of_state, of_integral).contiguous();
  }

  void take(const std::vector<int64_t>& taken, const std::vector<int64_t>& own, const std::vector<double>& sizes,
            const FlowSlope& before, const FlowSlope& after, const std::vector<FlowSlope>& stages) {
    const Tensor places = places_of(taken).to(x_.device()), rows = places_of(own).to(x_.device());
    const Tensor old = before.integral.index_select(0, rows).mean(1).cpu();
    const Tensor now = after.integral.index_select(0, rows).mean(1).cpu();
    const Tensor first = slope_.integral.index_select(0, places).mean(1).cpu();
    const Tensor last = stages.back().integral.index_select(0, rows).mean(1).cpu();
    for (size_t k = 0; k < taken.size(); ++k) {
      double& at = at_[static_cast<size_t>(taken[k])];
      const double size = sizes[static_cast<size_t>(own[k])], to = size >= high_ - at ? high_ : at + size;
      const auto at_place = [k](const Tensor& values) { return values.const_data_ptr<double>()[k]; };
      growth_[static_cast<size_t>(taken[k])].add(
          {at, to, at_place(old), at_place(now), at_place(first), at_place(last)});
      if (progress_) progress_((to - at) / (high_ - low_));
      at = to;
    }
    x_.index_copy_(0, places, after.x.index_select(0, rows));
    integral_.index_copy_(0, places, after.integral.index_select(0, rows));
    slope_.x.index_copy_(0, places, stages.back().x.index_select(0, rows));
    slope_.integral.index_copy_(0, places, stages.back().integral.index_select(0, rows));
  }

  const FlowDivergence& divergence_;
  const FlowProgress& progress_;
  FlowRange range_;
  ErrorControl control_;
  double low_, high_, dim_;
  Tensor x_, integral_, evaluations_;
  std::vector<double> at_;  // ln sigma of every sample
  std::vector<StepSizeController> controllers_;
  std::vector<Growth> growth_;
  FlowSlope slope_;  // at every sample's state
};

}  // namespace

FlowResult adaptive_flow(const FlowSolver& solver, const FlowDivergence& divergence, const Tensor& x,
                         const FlowRange& range, const FlowProgress& progress) {
  return AdaptiveFlow(solver, divergence, x, range, progress).run();
}

}  // namespace farfield
