#include "models/analytic/far_field.h"

#include <array>
#include <cmath>
#include <numbers>

#include <fmt/format.h>

#include "core/error.h"
#include "models/analytic/analytic_base.h"
#include "models/analytic/fit.h"
#include "models/analytic/reference_fits.h"
#include "models/constant_tensor.h"

namespace farfield {

namespace {

constexpr std::array<const char*, 3> kFarFieldKinds = {"mean", "gaussian1", "gaussian2"};

class FarField final : public AnalyticBase {
 public:
  FarField(const GaussianStats& stats, int order, std::vector<int64_t> shape)
      : AnalyticBase(kFarFieldKinds[order], kFarFieldKinds[order], std::move(shape), stats.dim(),
                     order == 0 ? 0 : stats.total_variance()),
        order_(order),
        mean_(stats.mean),
        basis_(stats.basis),
        eigenvalues_(stats.eigenvalues),
        tail_(stats.tail),
        outside_(stats.dim() - stats.rank()) {}

 private:
  // q - q^2 ..., the terms of q / (1 + q) up to q^order.
  torch::Tensor gain_of(const torch::Tensor& q) const { return order_ == 1 ? q : q - q.square(); }

  // The terms' gain applied to v, for order > 0; as Gaussian::shrunk() has it for the whole series.
  torch::Tensor shrunk(const torch::Tensor& v, const torch::Tensor& variance) const {
    const auto dtype = v.scalar_type();
    const auto basis = basis_.on(v.device(), dtype);
    const auto z = torch::mm(v, basis);
    auto gain = gain_of(eigenvalues_.on(v.device()) / variance);  // [B, r]
    if (outside_ == 0 || tail_ == 0) return torch::mm(z * gain.to(dtype), basis.t());
    const auto tail_gain = gain_of(tail_ / variance);  // [B, 1]
    gain = gain - tail_gain;
    return tail_gain.to(dtype) * v + torch::mm(z * gain.to(dtype), basis.t());
  }

  torch::Tensor denoise_rows(const torch::Tensor& rows, const torch::Tensor& variance) const override {
    const auto mean = mean_.on(rows.device(), rows.scalar_type());
    if (order_ == 0) return mean.expand_as(rows).clone();
    return mean + shrunk(rows - mean, variance);
  }

  Pullback pull_back_rows(const torch::Tensor& rows, const torch::Tensor& variance,
                          const torch::Tensor& v) const override {
    return {denoise_rows(rows, variance), order_ == 0 ? torch::zeros_like(v) : shrunk(v, variance)};
  }

  Traced trace_rows(const torch::Tensor& rows, const torch::Tensor& variance) const override {
    const auto noise = variance.squeeze(1);
    if (order_ == 0) return {denoise_rows(rows, variance), torch::zeros_like(noise)};
    const auto inside = gain_of(eigenvalues_.on(rows.device()) / variance).sum(1);
    return {denoise_rows(rows, variance), inside + static_cast<double>(outside_) * gain_of(tail_ / noise)};
  }

  // sigma^2 times the precision along directions of variance `eigenvalues`.
  torch::Tensor precisions(const torch::Tensor& eigenvalues, double sigma) const {
    if (order_ == 0) return torch::ones_like(eigenvalues);
    return 1 - gain_of(eigenvalues / (sigma * sigma));
  }

  torch::Tensor log_density_of_rows(const torch::Tensor& rows, double sigma) const override {
    const auto basis = basis_.on(rows.device());
    const auto inside = precisions(eigenvalues_.on(rows.device()), sigma);
    const double outside = precisions(torch::full({1}, tail_, torch::kFloat64), sigma).item<double>();
    if (!(outside > 0 && inside.gt(0).all().item<bool>())) {
      const double largest = std::max(eigenvalues_.original().max().item<double>(), tail_);
      throw usage_error(
          fmt::format("{}: no density at sigma = {}: the expansion needs a sigma above {:.6g}, the root of the largest "
                      "eigenvalue",
                      info().name, sigma, std::sqrt(largest)));
    }
    const auto centred = rows - mean_.on(rows.device());
    const auto z = torch::mm(centred, basis);
    const auto rest = centred - torch::mm(z, basis.t());
    const auto squared = (z.square() * inside).sum(1) + outside * rest.square().sum(1);
    const double log_det = inside.log().sum().item<double>() + static_cast<double>(outside_) * std::log(outside);
    const double constant = static_cast<double>(rows.size(1)) * std::log(2 * std::numbers::pi * sigma * sigma);
    return -0.5 * (squared / (sigma * sigma) - log_det + constant);
  }

  int order_;
  ConstantTensor mean_, basis_, eigenvalues_;
  double tail_;
  int64_t outside_;  // directions outside the basis
};

}  // namespace

std::unique_ptr<AnalyticDenoiser> make_far_field(GaussianStats stats, int order, std::vector<int64_t> shape) {
  check(order >= 0 && order <= 2, "far field: order 0, 1 or 2");
  stats.validate();
  return std::make_unique<FarField>(stats, order, std::move(shape));
}

bool is_expansion(std::string_view kind) { return kind == kFarFieldKinds[1] || kind == kFarFieldKinds[2]; }

// Neither the covariance nor its eigenvectors are needed: those of N(mean, 0) will do.
std::unique_ptr<AnalyticDenoiser> mean_of_data(const ReferenceRequest& request) {
  const auto mean = mean_of(request.data);
  auto basis = torch::zeros({mean.numel(), 1}, torch::kFloat64);
  basis[0].fill_(1);
  GaussianStats stats{mean, basis, torch::zeros({1}, torch::kFloat64), 0, 0};
  return make_far_field(std::move(stats), 0, request.data.info().shape);
}

std::unique_ptr<AnalyticDenoiser> first_order_of(const ReferenceRequest& request) {
  return make_far_field(measure_gaussian(request.data, 0, request.comm), 1, request.data.info().shape);
}

std::unique_ptr<AnalyticDenoiser> second_order_of(const ReferenceRequest& request) {
  return make_far_field(measure_gaussian(request.data, 0, request.comm), 2, request.data.info().shape);
}

}  // namespace farfield
