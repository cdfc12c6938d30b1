#pragma once

#include <memory>
#include <vector>

#include "models/restoration/posterior_denoiser.h"
#include "samplers/solvers/solver.h"

namespace farfield {

// Methods of restoration that are steps of their own, for one batch each: from level s to s', D = D(x; s), z fresh noise of the
// sample's Brownian path. What they are given must outlive them.

// DiffPIR (Zhu et al. 2023, algorithm 1), x = s n + x0: rho = lambda sigma_y^2/s^2, xh = D + relax (prox_rho(D) - D),
//   x' = xh + s' (sqrt(1 - xi) (x - xh)/s + sqrt(xi) z).
// At rho = 0 the prox is D + A^+ (y - A D). Where the operator is not linear it is one gradient step,
// D + (dA/dx)^T (y - A(D)) / rho. lambda in [0, inf], xi and relax in [0, 1]. usage_error for an operator that is not linear
// where rho is 0.
struct DiffpirOptions {
  double lambda = 1, xi = 0.1, relax = 1;
  // As public code has it: sigma_y halved, as in images of [0, 1], and at least 0.001; a step to 0 returns its state, with the known
  // pixels of a mask pasted in.
  bool compat = false;
};
std::unique_ptr<const Solver> make_diffpir(Measurement measurement, const DiffpirOptions& options);

// DPS (Chung et al. 2023): the step of the prior, then -zeta f g, g = grad_x |y - A(D)| = -(dD/dx)^T (dA/dx)^T r/|r|, 0 at r = 0,
// f = sqrt((1 + s^2)(1 + s'^2)): the published step on x/sqrt(1 + s^2), in this scale. Every sample has its own norm.
struct DpsOptions {
  // The prior's step: D + (s'/s)^2 (x - D) + s' sqrt(1 - (s'/s)^2) z as published, or that of the ODE.
  enum class Form { kAncestral, kEuler, kHeun };
  double zeta = 0.3;  // >= 0
  Form form = Form::kAncestral;
  bool clip = false;  // zeta f |g| <= |x'|
};
std::unique_ptr<const Solver> make_dps(const Denoiser& prior, torch::Tensor labels, Measurement measurement,
                                       const DpsOptions& options);

// DPS y_t (slides on "A Geometric Perspective on Diffusion Models", algorithm 2), no product with the network's Jacobian:
//   z' = x - ((s^2 - s'^2)/s^2)(x - D) + sqrt((s^2 - s'^2)(1 + s'^2)/(1 + s^2)) z,  beta = (s^2 - s'^2)/(1 + s^2),
//   x' = z' + beta/(lambda sigma_y^2) A^T (y - A z').
// The noise is that of the variance-preserving chain, whose step has variance beta. lambda > 0 may be infinite; see
// least_dps_yt_lambda().
std::unique_ptr<const Solver> make_dps_yt(Measurement measurement, double lambda);
// Above it beta |A|^2/(lambda sigma_y^2) < 2 in every step, and no step grows what it corrects.
double least_dps_yt_lambda(const LinearOperator& op, double sigma_y, const std::vector<double>& levels);

// DDRM (Kawar et al. 2022), along every singular vector, with singular value a and y' = A^+ y:
//   a = 0:               D + sqrt(1 - eta^2) s' (x - D)/s + eta s' z
//   a s' < sigma_y:      D + sqrt(1 - eta^2) s' (y' - D) a/sigma_y + eta s' z
//   otherwise:           (1 - eta_b) D + eta_b y' + sqrt(s'^2 - eta_b^2 sigma_y^2/a^2) z
// eta and eta_b in [0, 1].
struct DdrmOptions {
  double eta = 0.85, eta_b = 1;
};
std::unique_ptr<const Solver> make_ddrm(Measurement measurement, const DdrmOptions& options);

}  // namespace farfield
