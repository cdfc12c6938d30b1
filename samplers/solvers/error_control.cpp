#include "samplers/solvers/error_control.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "core/error.h"

namespace farfield {

const std::vector<std::string> kErrorControlOptions = {
    "rtol=", "atol=", "pcoeff=", "icoeff=", "dcoeff=", "accept_safety="};

ErrorControl error_control_of(const SolverOptions& options, const ErrorControl& defaults) {
  constexpr double kTightest = 1e-13, kLoosest = 1e6, kLargestCoefficient = 1;
  return {.rtol = options.number_from("rtol", defaults.rtol, kTightest, 1),
          .atol = options.number_from("atol", defaults.atol, kTightest, kLoosest),
          .pcoeff = options.number_from("pcoeff", defaults.pcoeff, 0, kLargestCoefficient),
          .icoeff = options.number_from("icoeff", defaults.icoeff, 0, kLargestCoefficient),
          .dcoeff = options.number_from("dcoeff", defaults.dcoeff, 0, kLargestCoefficient),
          .accept_safety = options.number("accept_safety", defaults.accept_safety, 0, 1)};
}

double error_of(const ErrorControl& control, const torch::Tensor& low, const torch::Tensor& high,
                const torch::Tensor& before, std::string_view solver, double sigma) {
  const auto tolerance = torch::maximum(low.abs(), before.abs()).mul_(control.rtol).clamp_min_(control.atol);
  const double error = (low - high).div_(tolerance).square_().mean().sqrt().item<double>();
  if (std::isfinite(error)) return error;
  throw numeric_error(
      fmt::format("sampling: {} met a state that is not finite at sigma {:.6g}; check the model at this "
                  "noise level",
                  solver, sigma));
}

void check_attempt(Interval attempt, std::string_view solver) {
  if (attempt.to < attempt.from) return;
  throw numeric_error(
      fmt::format("sampling: no step of {} from sigma {:.6g} is small enough for its tolerance; allow larger "
                  "errors with rtol and atol, or less noise with eta",
                  solver, attempt.from));
}

StepSizeController::StepSizeController(const ErrorControl& control, double order, double size)
    : b1_((control.pcoeff + control.icoeff + control.dcoeff) / order),
      b2_(-(control.pcoeff + 2 * control.dcoeff) / order),
      b3_(control.dcoeff / order),
      accept_safety_(control.accept_safety),
      size_(size) {}

bool StepSizeController::propose(double error, double tried) {
  constexpr double kSmallest = 1e-8;
  const double inverse = 1 / (error + kSmallest);
  if (!started_) inverse_errors_.fill(inverse);
  started_ = true;
  inverse_errors_[0] = inverse;
  const double factor = std::pow(inverse_errors_[0], b1_) * std::pow(inverse_errors_[1], b2_) *
                        std::pow(inverse_errors_[2], b3_);
  const double limited = 1 + std::atan(factor - 1);
  const bool accepted = limited >= accept_safety_;
  size_ = accepted && tried < size_ ? std::max(size_, tried * limited) : tried * limited;
  if (!accepted) return false;
  inverse_errors_[2] = inverse_errors_[1];
  inverse_errors_[1] = inverse_errors_[0];
  return true;
}

}  // namespace farfield
