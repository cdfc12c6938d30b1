#include <cmath>
#include <numbers>

#include <fmt/format.h>

#include "core/error.h"
#include "core/math/stats_checks.h"
#include "models/analytic/analytic_base.h"
#include "models/analytic/fit.h"
#include "models/analytic/reference_fits.h"
#include "models/constant_tensor.h"

namespace farfield {

namespace {

class Isotropic final : public AnalyticBase {
 public:
  Isotropic(torch::Tensor mean, double variance, std::vector<int64_t> shape)
      : AnalyticBase("isotropic", "isotropic", std::move(shape), mean.numel(),
                     variance * static_cast<double>(mean.numel())),
        mean_(std::move(mean)),
        variance_(variance) {}

 private:
  torch::Tensor denoise_rows(const torch::Tensor& rows, const torch::Tensor& variance) const override {
    const auto mean = mean_.on(rows.device(), rows.scalar_type());
    const auto gain = (variance_ / (variance_ + variance)).to(rows.scalar_type());
    return mean + gain * (rows - mean);
  }

  Pullback pull_back_rows(const torch::Tensor& rows, const torch::Tensor& variance,
                          const torch::Tensor& v) const override {
    return {denoise_rows(rows, variance), (variance_ / (variance_ + variance)).to(v.scalar_type()) * v};
  }

  Traced trace_rows(const torch::Tensor& rows, const torch::Tensor& variance) const override {
    const double dim = static_cast<double>(rows.size(1));
    return {denoise_rows(rows, variance), dim * variance_ / (variance_ + variance.squeeze(1))};
  }

  torch::Tensor log_density_of_rows(const torch::Tensor& rows, double sigma) const override {
    const double variance = variance_ + sigma * sigma;
    const double dim = static_cast<double>(rows.size(1));
    const auto squared = (rows - mean_.on(rows.device(), torch::kFloat64)).square().sum(1);
    return -0.5 * (squared / variance + dim * std::log(2 * std::numbers::pi * variance));
  }

  ConstantTensor mean_;
  double variance_;
};

}  // namespace

std::unique_ptr<AnalyticDenoiser> make_isotropic(torch::Tensor mean, double variance, std::vector<int64_t> shape) {
  check_stats_tensor(mean, "mean", {-1});
  if (!(variance >= 0 && std::isfinite(variance))) {
    throw usage_error(fmt::format("isotropic: variance is {}, expected a finite value >= 0", variance));
  }
  return std::make_unique<Isotropic>(std::move(mean), variance, std::move(shape));
}

std::unique_ptr<AnalyticDenoiser> make_isotropic(const GaussianStats& stats, std::vector<int64_t> shape) {
  stats.validate();
  return make_isotropic(stats.mean, stats.total_variance() / static_cast<double>(stats.dim()), std::move(shape));
}

// In two passes: neither the covariance nor its eigenvectors are needed.
std::unique_ptr<AnalyticDenoiser> isotropic_of(const ReferenceRequest& request) {
  const auto mean = mean_of(request.data);
  double squares = 0;
  for_each_rows(request.data,
                [&](const torch::Tensor& rows) { squares += (rows - mean).square_().sum().item<double>(); });
  const auto values = static_cast<double>(request.data.info().count * mean.numel());
  return make_isotropic(mean, squares / values, request.data.info().shape);
}

}  // namespace farfield
