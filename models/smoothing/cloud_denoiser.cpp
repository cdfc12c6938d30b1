#include <optional>

#include "core/error.h"
#include "models/analytic/analytic.h"
#include "models/smoothing/smoothing_denoisers.h"

namespace farfield {
namespace {

using torch::Tensor;

constexpr double kNearestSigma = 1e-30;  // at which the exact denoiser is the nearest point

class CloudDenoiser final : public Denoiser {
 public:
  // `level`: the sigma of the exact denoiser, whatever sigma is asked for; nothing: that one.
  CloudDenoiser(const Tensor& points, const Tensor& offsets, std::optional<double> level, std::string kind,
                std::string name, const std::vector<int64_t>& sample_shape)
      : exact_(make_delta(points, sample_shape)), level_(level), info_(exact_->info()) {
    check(offsets.dim() == 2 && offsets.size(0) > 0 && offsets.size(1) == points.numel() / points.size(0),
          "smoothing: offsets must be [M, d]");
    info_.kind = std::move(kind);
    info_.name = std::move(name);
    std::vector<int64_t> shape = sample_shape;
    shape.insert(shape.begin(), offsets.size(0));
    offsets_ = offsets.to(torch::kFloat64).reshape(shape).contiguous();
    mean_offset_ = offsets_.mean(0);
  }

  const DenoiserInfo& info() const override { return info_; }

 private:
  Tensor shifted(const Tensor& x, int64_t m) const { return x + offsets_[m].to(x.device(), x.scalar_type()); }
  Tensor levels(const Tensor& sigma) const { return level_ ? torch::full_like(sigma, *level_) : sigma; }

  // The mean of `visit(x + offset)` over the offsets, in float64.
  template <class Visit>
  Tensor mean_over_offsets(const Tensor& x, const Visit& visit) const {
    Tensor sum = torch::zeros(x.sizes(), x.options().dtype(torch::kFloat64));
    for (int64_t m = 0; m < offsets_.size(0); ++m) sum += visit(shifted(x, m));
    return sum / static_cast<double>(offsets_.size(0));
  }

  Tensor denoise(const Tensor& x, const Tensor& sigma, const Tensor&) const override {
    const torch::NoGradGuard no_gradients;
    const Tensor mean = mean_over_offsets(x, [&](const Tensor& at) { return (*exact_)(at, levels(sigma)); });
    return (mean - mean_offset_.to(x.device())).to(x.scalar_type());
  }

  Linearised linearise(const Tensor& x, const Tensor& sigma, const Tensor& labels) const override {
    return by_pull_back(x, sigma, labels);
  }
  Pullback pull_back(const Tensor& x, const Tensor& sigma, const Tensor& labels, const Tensor& v) const override {
    const torch::NoGradGuard no_gradients;
    if (level_) return {denoise(x, sigma, labels), torch::zeros_like(x)};  // constant between the seams
    Tensor product = torch::zeros(x.sizes(), x.options().dtype(torch::kFloat64));
    const Tensor mean = mean_over_offsets(x, [&](const Tensor& at) {
      const Pullback one = exact_->vector_jacobian(at, sigma, v);
      product += one.product;
      return one.denoised;
    });
    product /= static_cast<double>(offsets_.size(0));
    return {(mean - mean_offset_.to(x.device())).to(x.scalar_type()), product.to(x.scalar_type())};
  }

  std::unique_ptr<AnalyticDenoiser> exact_;
  std::optional<double> level_;
  DenoiserInfo info_;
  Tensor offsets_, mean_offset_;  // [M, ...shape], [...shape] float64
};

}  // namespace

std::unique_ptr<Denoiser> make_smoothed_cloud(const Tensor& points, const Tensor& offsets, std::string name,
                                              const std::vector<int64_t>& sample_shape) {
  return std::make_unique<CloudDenoiser>(points, offsets, std::nullopt, "smoothed", std::move(name), sample_shape);
}

std::unique_ptr<Denoiser> make_piecewise_cloud(const Tensor& points, const Tensor& offsets, std::string name,
                                               const std::vector<int64_t>& sample_shape) {
  return std::make_unique<CloudDenoiser>(points, offsets, kNearestSigma, "piecewise", std::move(name), sample_shape);
}

}  // namespace farfield
