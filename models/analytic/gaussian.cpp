#include <cmath>
#include <numbers>

#include <fmt/format.h>

#include "core/limits.h"
#include "models/analytic/analytic_base.h"
#include "models/analytic/fit.h"
#include "models/analytic/known_mixture.h"
#include "models/analytic/reference_fits.h"
#include "models/constant_tensor.h"

namespace farfield {

namespace {

std::string gaussian_name(const GaussianStats& stats) {
  return stats.rank() == stats.dim() ? "gaussian" : fmt::format("gaussian (rank {})", stats.rank());
}

class Gaussian final : public AnalyticBase, public KnownMixture {
 public:
  Gaussian(const GaussianStats& stats, std::vector<int64_t> shape)
      : AnalyticBase("gaussian", gaussian_name(stats), std::move(shape), stats.dim(), stats.total_variance()),
        mean_(stats.mean),
        basis_(stats.basis),
        eigenvalues_(stats.eigenvalues),
        tail_(stats.tail),
        outside_(stats.dim() - stats.rank()) {}

  MixtureStats mixture() const override {
    return to_mixture({mean_.original(), basis_.original(), eigenvalues_.original(), tail_, 0});
  }

 private:
  // S (S + sigma^2 I)^-1 v of every row.
  torch::Tensor shrunk(const torch::Tensor& v, const torch::Tensor& variance) const {
    const auto dtype = v.scalar_type();
    const auto basis = basis_.on(v.device(), dtype);
    const auto eigenvalues = eigenvalues_.on(v.device());
    const auto z = torch::mm(v, basis);
    auto gain = eigenvalues / (eigenvalues + variance);  // [B, r]
    if (outside_ == 0 || tail_ == 0) return torch::mm(z * gain.to(dtype), basis.t());
    const auto tail_gain = tail_ / (tail_ + variance);  // [B, 1]
    gain = gain - tail_gain;
    return tail_gain.to(dtype) * v + torch::mm(z * gain.to(dtype), basis.t());
  }

  torch::Tensor denoise_rows(const torch::Tensor& rows, const torch::Tensor& variance) const override {
    const auto mean = mean_.on(rows.device(), rows.scalar_type());
    return mean + shrunk(rows - mean, variance);
  }

  Pullback pull_back_rows(const torch::Tensor& rows, const torch::Tensor& variance,
                          const torch::Tensor& v) const override {
    return {denoise_rows(rows, variance), shrunk(v, variance)};
  }

  Traced trace_rows(const torch::Tensor& rows, const torch::Tensor& variance) const override {
    const auto eigenvalues = eigenvalues_.on(rows.device());
    const auto outside = static_cast<double>(outside_) * tail_ / (tail_ + variance.squeeze(1));
    return {denoise_rows(rows, variance), (eigenvalues / (eigenvalues + variance)).sum(1) + outside};
  }

  torch::Tensor log_density_of_rows(const torch::Tensor& rows, double sigma) const override {
    const double noise = sigma * sigma;
    const auto basis = basis_.on(rows.device());
    const auto variances = eigenvalues_.on(rows.device()) + noise;
    const auto centred = rows - mean_.on(rows.device());
    const auto z = torch::mm(centred, basis);
    auto squared = (z.square() / variances).sum(1);
    auto log_det = variances.log().sum().item<double>();
    if (outside_ > 0) {
      const auto rest = centred - torch::mm(z, basis.t());
      squared = squared + rest.square().sum(1) / (tail_ + noise);
      log_det += static_cast<double>(outside_) * std::log(tail_ + noise);
    }
    return -0.5 * (squared + log_det + static_cast<double>(rows.size(1)) * std::log(2 * std::numbers::pi));
  }

  ConstantTensor mean_, basis_, eigenvalues_;
  double tail_;
  int64_t outside_;  // directions outside the basis
};

}  // namespace

std::unique_ptr<AnalyticDenoiser> make_gaussian(GaussianStats stats, std::vector<int64_t> shape) {
  stats.validate();
  return std::make_unique<Gaussian>(stats, std::move(shape));
}

std::unique_ptr<AnalyticDenoiser> gaussian_of(const ReferenceRequest& request) {
  const int64_t rank = request.options.integer("rank", 0, 1, limits::kMostRank);
  const int64_t ddof = request.options.choice("ddof", "0", {"0", "1"}) == "1" ? 1 : 0;
  return make_gaussian(with_ddof(measure_gaussian(request.data, rank, request.comm), ddof), request.data.info().shape);
}

}  // namespace farfield
