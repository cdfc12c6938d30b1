#include <cmath>
#include <numbers>
#include <optional>

#include "core/error.h"
#include "models/analytic/analytic.h"
#include "models/smoothing/smoothing_denoisers.h"

namespace farfield {
namespace {

using torch::Tensor;

constexpr int kAngles = 64;       // over half a circle: v and -v are one direction
constexpr int kRefinements = 24;  // of the golden section between the neighbours of the best
constexpr double kSection = 0.6180339887498949;
constexpr double kNearestLevel = 1e-30;  // at which the exact denoiser is the nearest point

class PlaneDenoiser final : public Denoiser {
 public:
  // `level`: the sigma of the exact denoiser, whatever sigma is asked for; nothing: that one.
  PlaneDenoiser(const Tensor& points, double tau, int64_t nodes, std::optional<double> level, std::string kind,
                std::string name, const std::vector<int64_t>& sample_shape)
      : exact_(make_delta(points, sample_shape)), level_(level), info_(exact_->info()) {
    check(points.numel() == 2 * points.size(0) && tau > 0 && nodes > 0, "smoothing along directions: points [N, 2]");
    info_.kind = std::move(kind);
    info_.name = std::move(name);
    for (int64_t j = 0; j < nodes; ++j)
      places_.push_back(tau * static_cast<double>(2 * j + 1 - nodes) / static_cast<double>(nodes));
  }

  const DenoiserInfo& info() const override { return info_; }

 private:
  struct Average {
    Tensor denoised, length;  // [B, 2] and |denoised - x|^2 [B], float64
  };
  Average along(const Tensor& rows, const Tensor& sigma, const Tensor& angle) const {
    const Tensor direction = torch::stack({angle.cos(), angle.sin()}, 1);
    Tensor sum = torch::zeros_like(rows);
    for (const double place : places_)
      sum += (*exact_)((rows + place * direction).reshape(shape_of(rows)), sigma).reshape(rows.sizes());
    sum /= static_cast<double>(places_.size());
    return {sum, (sum - rows).square().sum(1)};
  }
  std::vector<int64_t> shape_of(const Tensor& rows) const {
    std::vector<int64_t> shape = info_.sample_shape;
    shape.insert(shape.begin(), rows.size(0));
    return shape;
  }

  Tensor denoise(const Tensor& x, const Tensor& sigma, const Tensor&) const override {
    const torch::NoGradGuard no_gradients;
    const Tensor rows = x.to(torch::kFloat64).reshape({x.size(0), 2});
    const Tensor level = level_ ? torch::full_like(sigma, *level_) : sigma;
    Tensor best = torch::zeros_like(sigma);
    Average least = along(rows, level, best);
    const auto keep = [&](const Average& other, const Tensor& angle) {
      const Tensor nearer = other.length < least.length;
      best = torch::where(nearer, angle, best);
      least = {torch::where(nearer.unsqueeze(1), other.denoised, least.denoised),
               torch::where(nearer, other.length, least.length)};
    };
    for (int i = 1; i < kAngles; ++i) {
      const Tensor angle = torch::full_like(sigma, std::numbers::pi * i / kAngles);
      keep(along(rows, level, angle), angle);
    }
    Tensor low = best - std::numbers::pi / kAngles, high = best + std::numbers::pi / kAngles;
    for (int i = 0; i < kRefinements; ++i) {
      const Tensor first = high - kSection * (high - low), second = low + kSection * (high - low);
      const Average at_first = along(rows, level, first), at_second = along(rows, level, second);
      const Tensor left = at_first.length < at_second.length;
      low = torch::where(left, low, first), high = torch::where(left, second, high);
      keep(at_first, first), keep(at_second, second);
    }
    return least.denoised.reshape(x.sizes()).to(x.scalar_type());
  }

  std::unique_ptr<AnalyticDenoiser> exact_;
  std::optional<double> level_;
  DenoiserInfo info_;
  std::vector<double> places_;  // r of the nodes
};

}  // namespace

std::unique_ptr<Denoiser> make_directed_plane(const Tensor& points, double tau, int64_t nodes, std::string name,
                                              const std::vector<int64_t>& sample_shape) {
  return std::make_unique<PlaneDenoiser>(points, tau, nodes, std::nullopt, "smoothed", std::move(name), sample_shape);
}

std::unique_ptr<Denoiser> make_directed_piecewise_plane(const Tensor& points, double tau, int64_t nodes,
                                                        std::string name, const std::vector<int64_t>& sample_shape) {
  return std::make_unique<PlaneDenoiser>(points, tau, nodes, kNearestLevel, "piecewise", std::move(name), sample_shape);
}

}  // namespace farfield
