#pragma once

#include <cstdint>
#include <memory>

#include "models/denoiser.h"
#include "models/operators/operator.h"

namespace farfield {

// What was measured of a batch: y = A(x) + sigma_y n, sigma_y >= 0 in the units of the images, [-1, 1]. The operator must outlive
// whoever uses it. y [B, ...measurement_shape], or [1, ...] for the same measurement of every sample.
struct Measurement {
  const Operator& op;
  torch::Tensor y;
  double sigma_y = 0;

  // y of every one of `count` samples, in x's dtype and on its device. usage_error where B is another number.
  torch::Tensor rows_like(const torch::Tensor& x) const;
  // y - A(denoised), 0 where nothing was measured.
  torch::Tensor residual(const torch::Tensor& denoised) const;
};

// What is taken for the covariance V of x0 given x.
enum class Spread {
  kNone,  // 0: the gradient of a Gaussian likelihood at D (DPS, Chung et al. 2023, with a step size that follows from sigma_y)
  kUnit,     // s^2/(1 + s^2) I (PiGDM, Song et al. 2023)
  kTweedie,  // s^2 dD/dx: exact for a Gaussian prior
};

struct PosteriorOptions {
  Spread spread = Spread::kTweedie;
  // Of the conjugate gradients of kTweedie, each sample by itself: until its residual is this share of the first, or that many
  // products are taken.
  double tolerance = 1e-8;
  int64_t products = 100;
};

// D of the posterior p(x0 | y), or what is taken for it:
//   D_y(x; s) = D + s^2 (dD/dx)^T A^T (A V A^T + sigma_y^2 I)^-1 (y - A D),
// one evaluation of `prior` and one product (kTweedie: one more an iteration). A denoiser as any other: every solver runs with it.
// Where A is not linear A^T is (dA/dx)^T at D, and only kNone is at hand. `prior` must outlive it. usage_error for kNone with
// sigma_y = 0, by which it divides.
std::unique_ptr<Denoiser> make_posterior_denoiser(const Denoiser& prior, Measurement measurement,
                                                  const PosteriorOptions& options);

}  // namespace farfield
