#pragma once

#include <optional>

#include "samplers/solvers/linear_combination.h"
#include "samplers/solvers/solver.h"

namespace farfield {

// One step of single-step DPM-Solver (Lu et al. 2022a, algorithms 1 to 3) in the slope e = (x - D) / sigma over
// lambda = -log sigma, to > 0. Inner evaluations are made once and shared by the orders. With h = lambda(to) -
// lambda(from):
//   1: x - (from - to) e0
//   2: the same - (from - to) / (2 r) (e1 - e0), e1 at r h
//   3: x - (from - to) e0 - to h phi_2(h) / r2 (e2 - e0), e2 at r2 h from e0 and e1
class DpmSolverStep {
 public:
  // `denoised` is D(x; interval.from).
  DpmSolverStep(const DenoiseFn& denoise, const torch::Tensor& x, const torch::Tensor& denoised, Interval interval);
  torch::Tensor first_order() const;
  torch::Tensor second_order(double r);
  torch::Tensor third_order(double r1, double r2);

 private:
  double inner(double r) const;  // the noise level at r h
  const Slope& slope1(double r);

  const DenoiseFn& denoise_;
  Interval interval_;
  double h_;
  Slope slope0_;
  std::optional<Slope> slope1_;
};

}  // namespace farfield
