#include "samplers/solvers/dpm_solver_step.h"

#include <cmath>

#include "samplers/solvers/phi_functions.h"

namespace farfield {
namespace {

Slope weighted(Slope slope, double weight) {
  slope.weight = weight;
  return slope;
}

}  // namespace

DpmSolverStep::DpmSolverStep(const DenoiseFn& denoise, const torch::Tensor& x, const torch::Tensor& denoised,
                             Interval interval)
    : denoise_(denoise),
      interval_(interval),
      h_(std::log(interval.from / interval.to)),
      slope0_{0, x, denoised, interval.from} {}

double DpmSolverStep::inner(double r) const { return interval_.from * std::exp(-r * h_); }

const Slope& DpmSolverStep::slope1(double r) {
  const double sigma = inner(r);
  if (!slope1_ || slope1_->sigma != sigma) {
    const auto x1 = euler_step(slope0_.x, slope0_.denoised, {interval_.from, sigma});
    slope1_ = Slope{0, x1, denoise_(x1, sigma), sigma};
  }
  return *slope1_;
}

torch::Tensor DpmSolverStep::first_order() const { return euler_step(slope0_.x, slope0_.denoised, interval_); }

torch::Tensor DpmSolverStep::second_order(double r) {
  const double h = interval_.to - interval_.from;
  const std::vector<Slope> slopes = {weighted(slope0_, h * (1 - 1 / (2 * r))), weighted(slope1(r), h / (2 * r))};
  return add_slopes(slope0_.x, slopes);
}

torch::Tensor DpmSolverStep::third_order(double r1, double r2) {
  const auto [from, to] = interval_;
  const double sigma2 = inner(r2), difference1 = -sigma2 * (r2 / r1) * r2 * h_ * phi(2, r2 * h_);
  const std::vector<Slope> first = {weighted(slope0_, sigma2 - from - difference1), weighted(slope1(r1), difference1)};
  const auto x2 = add_slopes(slope0_.x, first);
  const double difference2 = -to * h_ * phi(2, h_) / r2;
  const std::vector<Slope> second = {weighted(slope0_, to - from - difference2),
                                     {difference2, x2, denoise_(x2, sigma2), sigma2}};
  return add_slopes(slope0_.x, second);
}

}  // namespace farfield
