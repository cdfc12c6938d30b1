#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include <torch/types.h>

#include "models/denoiser.h"

namespace farfield {

// Where the drift of the reverse SDE of a variance-preserving diffusion vanishes, and whether the point is stable. With z = alpha x,
// alpha = 1 / sqrt(1 + sigma^2), s = sigma alpha the drift is beta (z / 2 + grad log p(z)), and it is 0 where
//   D(x; sigma) = g x,  g = (1 + alpha^2) / 2 = (2 + sigma^2) / (2 (1 + sigma^2)).
// Its Jacobian, divided by beta, is 1/2 + (J - 1) / s^2 with J = dD/dx; of the probability-flow ODE 1/2 + (J - 1) / (2 s^2). A point
// is stable while the largest eigenvalue is below 0, which is j < g of the largest eigenvalue j of J.
double fixed_point_gain(double sigma);                            // g
double sde_eigenvalue(double denoiser_eigenvalue, double sigma);  // 1/2 + (j - 1) / s^2
double ode_eigenvalue(double denoiser_eigenvalue, double sigma);  // 1/2 + (j - 1) / (2 s^2)

// A denoiser at single points, [d] float64 on the CPU; J v by central differences, x +- step sigma v for a unit v.
class PointDenoiser {
 public:
  // label [label_dim] or undefined. step: 1e-4 for exact denoisers in float64, 1e-2 for what computes in float32 (default_step()).
  PointDenoiser(const Denoiser& denoiser, torch::Tensor label, torch::Device device, double step);

  torch::Tensor operator()(const torch::Tensor& x, double sigma) const;
  torch::Tensor rows(const torch::Tensor& x, double sigma) const;  // [n, d]
  torch::Tensor jacobian_product(const torch::Tensor& x, double sigma, const torch::Tensor& v) const;
  int64_t evaluations() const { return evaluations_; }
  int64_t dim() const { return dim_; }

 private:
  const Denoiser& denoiser_;
  torch::Tensor label_;
  torch::Device device_;
  double step_;
  int64_t dim_;
  mutable int64_t evaluations_ = 0;
};

struct FixedPointOptions {
  double step = 1e-4;        // of J v
  double tolerance = 1e-10;  // of a residual
  int newton_steps = 20;
  int64_t krylov = 60;            // vectors at most
  double eigen_tolerance = 1e-8;  // of j
  int eigen_restarts = 4;
  int settle_steps = 100;  // of x <- D(x) / g
  double end = 1e-6;       // part of sigma to which the end of a branch, and its critical level, are found
};
// For exact denoisers in float64 the above; for what computes in float32 steps, tolerances and counts that its rounding allows.
FixedPointOptions fixed_point_options(const Denoiser& denoiser);

struct FixedPoint {
  double sigma = 0;
  torch::Tensor x = {};  // [d], of the exploding view
  double residual = 0;   // |D - g x| / (|x| + s)
  bool converged = false;
  double denoiser_eigenvalue = 0;  // j
  torch::Tensor direction = {};    // [d] unit vector of j; its sign goes on from level to level

  double instability() const { return denoiser_eigenvalue - fixed_point_gain(sigma); }  // below 0 while stable
};

// The fixed point that Newton's method reaches from `start` (damped; GMRES solves for each step), without its eigenvalue.
FixedPoint newton_fixed_point(const PointDenoiser& denoiser, double sigma, const torch::Tensor& start,
                              const FixedPointOptions& options);
// Adds j and its direction; `before`: a direction to begin with, not 0, of whose sign the new one is.
void add_eigenvalue(const PointDenoiser& denoiser, const torch::Tensor& before, const FixedPointOptions& options,
                    FixedPoint& point);
// The stable one that x <- D(x) / g reaches from each row of `starts` [n, d], all at once; Newton's method ends what is slow, as it
// is near a critical level.
std::vector<FixedPoint> settled_points(const PointDenoiser& denoiser, double sigma, const torch::Tensor& starts,
                                       const FixedPointOptions& options);

}  // namespace farfield
