#include "models/restoration/posterior_denoiser.h"

#include <functional>

#include <fmt/format.h>

#include "core/error.h"

namespace farfield {
namespace {

using torch::Tensor;

// <a, b> of every sample, [B, 1, ...].
Tensor sample_products(const Tensor& a, const Tensor& b) {
  std::vector<int64_t> shape(static_cast<size_t>(a.dim()), 1);
  shape[0] = a.size(0);
  return (a.flatten(1) * b.flatten(1)).sum(1).reshape(shape);
}

// Solves system(u) = r by conjugate gradients, every sample with step sizes of its own. A sample stops where its residual is
// small enough or where the system is not positive along its direction, as that of a network may be.
Tensor conjugate_gradients(const std::function<Tensor(const Tensor&)>& system, const Tensor& r, double tolerance,
                           int64_t most) {
  Tensor solution = torch::zeros_like(r), residual = r, direction = r, square = sample_products(r, r);
  const Tensor enough = square * (tolerance * tolerance), zero = torch::zeros_like(square);
  Tensor active = square > enough;
  for (int64_t i = 0; i < most && active.any().item<bool>(); ++i) {
    const Tensor image = system(direction), along = sample_products(direction, image);
    active = active & (along > 0);
    const Tensor step = torch::where(active, square / along, zero);
    solution = solution + step * direction;
    residual = residual - step * image;
    const Tensor next = sample_products(residual, residual);
    direction = residual + torch::where(active, next / square, zero) * direction;
    active = active & (next > enough);
    square = next;
  }
  return solution;
}

class PosteriorDenoiser final : public Denoiser {
 public:
  PosteriorDenoiser(const Denoiser& prior, Measurement measurement, const PosteriorOptions& options)
      : prior_(prior), measurement_(std::move(measurement)), options_(options), info_(prior.info()) {
    info_.name = "posterior of " + info_.name;
    info_.kind = "guidance";
  }
  const DenoiserInfo& info() const override { return info_; }

 private:
  Tensor denoise(const Tensor& x, const Tensor& sigma, const Tensor& labels) const override {
    const Linearised at = prior_.linearised(x, sigma, labels);
    const Tensor variance = sigma.square();
    const Tensor weight = weights(at, variance, measurement_.residual(at.denoised));
    std::vector<int64_t> shape(static_cast<size_t>(x.dim()), 1);
    shape[0] = x.size(0);
    return at.denoised +
           variance.reshape(shape).to(x.scalar_type()) * at.times(measurement_.op.pull_back(at.denoised, weight));
  }
  // (A V A^T + sigma_y^2 I)^-1 r.
  Tensor weights(const Linearised& at, const Tensor& variance, const Tensor& r) const {
    const double noise = measurement_.sigma_y * measurement_.sigma_y;
    if (options_.spread == Spread::kNone) return r / noise;
    const LinearOperator& op = require_linear(measurement_.op, info_.name);
    std::vector<int64_t> beside(static_cast<size_t>(r.dim()), 1);
    beside[0] = r.size(0);
    if (options_.spread == Spread::kUnit) {
      const Tensor spread = variance / (1 + variance);
      return op.solve(r, noise / spread) / spread.reshape(beside).to(r.scalar_type());
    }
    const Tensor scale = variance.reshape(beside).to(r.scalar_type());
    const auto system = [&](const Tensor& u) { return scale * op.apply(at.times(op.adjoint(u))) + noise * u; };
    return conjugate_gradients(system, r, options_.tolerance, options_.products);
  }

  const Denoiser& prior_;
  Measurement measurement_;
  PosteriorOptions options_;
  DenoiserInfo info_;
};

}  // namespace

Tensor Measurement::rows_like(const Tensor& x) const {
  if (y.size(0) != 1 && y.size(0) != x.size(0))
    throw usage_error(fmt::format("restoration: {} measurements of {} samples", y.size(0), x.size(0)));
  std::vector<int64_t> shape = y.sizes().vec();
  shape[0] = x.size(0);
  return y.to(x.options()).expand(shape);
}

Tensor Measurement::residual(const Tensor& denoised) const {
  return op.where_measured(rows_like(denoised) - op.apply(denoised));
}

std::unique_ptr<Denoiser> make_posterior_denoiser(const Denoiser& prior, Measurement measurement,
                                                  const PosteriorOptions& options) {
  if (options.spread == Spread::kNone && measurement.sigma_y == 0) {
    throw usage_error(
        "dps_gauss divides by sigma_y, which is 0: take pigdm, tweedie or diffpir, or say how noisy the "
        "measurement is");
  }
  if (options.spread != Spread::kNone) (void)require_linear(measurement.op, "pigdm and tweedie");
  return std::make_unique<PosteriorDenoiser>(prior, std::move(measurement), options);
}

}  // namespace farfield
