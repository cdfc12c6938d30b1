#include <cmath>
#include <numbers>

#include "models/analytic/analytic_base.h"
#include "models/analytic/fit.h"
#include "models/analytic/reference_fits.h"
#include "models/constant_tensor.h"

namespace farfield {

namespace {

class Diagonal final : public AnalyticBase {
 public:
  Diagonal(torch::Tensor mean, torch::Tensor variances, std::vector<int64_t> shape)
      : AnalyticBase("diagonal", "diagonal", std::move(shape), mean.numel(), variances.sum().item<double>()),
        mean_(std::move(mean)),
        variances_(std::move(variances)) {}

 private:
  torch::Tensor denoise_rows(const torch::Tensor& rows, const torch::Tensor& variance) const override {
    const auto mean = mean_.on(rows.device(), rows.scalar_type());
    const auto own = variances_.on(rows.device());
    const auto gain = (own / (own + variance)).to(rows.scalar_type());  // [B, d]
    return mean + gain * (rows - mean);
  }

  Pullback pull_back_rows(const torch::Tensor& rows, const torch::Tensor& variance,
                          const torch::Tensor& v) const override {
    const auto own = variances_.on(rows.device());
    return {denoise_rows(rows, variance), (own / (own + variance)).to(v.scalar_type()) * v};
  }

  Traced trace_rows(const torch::Tensor& rows, const torch::Tensor& variance) const override {
    const auto own = variances_.on(rows.device());
    return {denoise_rows(rows, variance), (own / (own + variance)).sum(1)};
  }

  torch::Tensor log_density_of_rows(const torch::Tensor& rows, double sigma) const override {
    const auto variances = variances_.on(rows.device()) + sigma * sigma;
    const auto squared = ((rows - mean_.on(rows.device())).square() / variances).sum(1);
    const double constant = static_cast<double>(rows.size(1)) * std::log(2 * std::numbers::pi);
    return -0.5 * (squared + variances.log().sum() + constant);
  }

  ConstantTensor mean_, variances_;
};

}  // namespace

std::unique_ptr<AnalyticDenoiser> diagonal_of(const ReferenceRequest& request) {
  const auto mean = mean_of(request.data);
  auto squares = torch::zeros_like(mean);
  for_each_rows(request.data, [&](const torch::Tensor& rows) { squares += (rows - mean).square_().sum(0); });
  const auto count = static_cast<double>(request.data.info().count);
  return std::make_unique<Diagonal>(mean, squares / count, request.data.info().shape);
}

}  // namespace farfield
