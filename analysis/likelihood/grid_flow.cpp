#include <cmath>

#include <fmt/format.h>

#include "analysis/likelihood/flow_parts.h"
#include "core/error.h"

namespace farfield {
namespace {

using torch::Tensor;

const std::vector<GridMethod>& grid_methods() {
  static const std::vector<GridMethod> methods = {{"euler", {0}, {1}},
                                                  {"heun", {0, 1}, {1. / 2, 1. / 2}},
                                                  {"rk4", {0, 1. / 2, 1. / 2, 1}, {1. / 6, 1. / 3, 1. / 3, 1. / 6}}};
  return methods;
}

// The growths of a grid's samples. A step is told when the slope at its end is known: with the next one, or as the parabola's.
class GridGrowth {
 public:
  GridGrowth(int64_t samples, const FlowRange& range, double end) {
    std::vector<double> places = growth_places(range);
    for (double& place : places) place = std::exp(place);
    places.back() = end;
    growth_.assign(static_cast<size_t>(samples), Growth(places));
    steps_.resize(growth_.size());
  }
  // A step begins with these integrals and slopes [B, columns]; the one before is over.
  void begin(double from, const Tensor& integral, const Tensor& slope) {
    const Tensor before = integral.mean(1).cpu(), rate = slope.mean(1).cpu();
    for (size_t i = 0; i < steps_.size(); ++i) {
      const double value = before.const_data_ptr<double>()[i], own = rate.const_data_ptr<double>()[i];
      if (begun_) {
        steps_[i].slope_after = own;
        growth_[i].add(steps_[i]);
      }
      steps_[i] = {from, 0, value, 0, own, 0};
    }
    begun_ = true;
  }
  void end(double to, const Tensor& integral) {
    const Tensor after = integral.mean(1).cpu();
    for (size_t i = 0; i < steps_.size(); ++i) {
      steps_[i].to = to;
      steps_[i].after = after.const_data_ptr<double>()[i];
    }
  }
  Tensor finish(const Tensor& integral) {
    for (size_t i = 0; i < steps_.size(); ++i) {
      GrowthStep& last = steps_[i];
      last.slope_after = 2 * (last.after - last.before) / (last.to - last.from) - last.slope_before;
      growth_[i].add(last);
    }
    return growth_matrix(growth_, integral);
  }

 private:
  std::vector<Growth> growth_;
  std::vector<GrowthStep> steps_;
  bool begun_ = false;
};

}  // namespace

const GridMethod* find_grid_method(const std::string& name) {
  for (const GridMethod& method : grid_methods()) {
    if (name == method.name) return &method;
  }
  return nullptr;
}

FlowResult grid_flow(const GridMethod& method, const FlowDivergence& divergence, const Tensor& start,
                     const FlowRange& range, const std::vector<double>& grid, const FlowProgress& progress) {
  const int64_t batch = start.size(0);
  const Tensor everyone = torch::arange(batch, torch::kInt64);
  Tensor x = start, integral;
  GridGrowth growth(batch, range, grid.back());
  for (size_t step = 0; step + 1 < grid.size(); ++step) {
    const double h = grid[step + 1] - grid[step];
    FlowSlope slope, sum;
    for (size_t s = 0; s < method.at.size(); ++s) {
      const double sigma = method.at[s] == 1 ? grid[step + 1] : grid[step] + method.at[s] * h;
      const Tensor state = s == 0 ? x : x + method.at[s] * h * slope.x;
      const auto value = divergence(state, torch::full({batch}, sigma, torch::kFloat64), everyone);
      slope = {(state - value.denoised) / sigma, value.divergence / sigma};
      if (s == 0) {
        if (!integral.defined()) integral = torch::zeros_like(slope.integral);
        growth.begin(sigma, integral, slope.integral);
        sum = {method.weights[0] * slope.x, method.weights[0] * slope.integral};
      } else {
        sum = {sum.x + method.weights[s] * slope.x, sum.integral + method.weights[s] * slope.integral};
      }
    }
    x = x + h * sum.x;
    integral = integral + h * sum.integral;
    growth.end(grid[step + 1], integral);
    if (!x.isfinite().all().item<bool>()) {
      throw numeric_error(
          fmt::format("likelihood: a state is not finite at sigma {:g}; take more steps", grid[step + 1]));
    }
    if (progress) progress(static_cast<double>(batch) / static_cast<double>(grid.size() - 1));
  }
  const auto calls = static_cast<int64_t>((grid.size() - 1) * method.at.size());
  return {x, integral.cpu(), torch::full({batch}, calls, torch::kInt64), growth.finish(integral)};
}

}  // namespace farfield
