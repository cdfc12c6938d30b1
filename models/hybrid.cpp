#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "core/error.h"
#include "core/text.h"
#include "models/hybrid.h"

namespace farfield {

namespace {

DenoiserInfo hybrid_info(const DenoiserInfo& high, const DenoiserInfo& low, double threshold) {
  DenoiserInfo info = high;
  info.name = fmt::format("{} at sigma >= {}, {} below", high.name, format_double(threshold), low.name);
  info.label_dim = std::max(high.label_dim, low.label_dim);
  info.sigma_min = low.sigma_min;
  return info;
}

class Hybrid final : public Denoiser {
 public:
  Hybrid(std::shared_ptr<const Denoiser> high, std::shared_ptr<const Denoiser> low, double threshold)
      : high_(std::move(high)),
        low_(std::move(low)),
        threshold_(threshold),
        info_(hybrid_info(high_->info(), low_->info(), threshold)) {}

  const DenoiserInfo& info() const override { return info_; }

 private:
  static torch::Tensor call(const Denoiser& part, const torch::Tensor& x, const torch::Tensor& sigma,
                            const torch::Tensor& labels) {
    return part(x, sigma, part.info().label_dim > 0 ? labels : torch::Tensor());
  }

  torch::Tensor denoise(const torch::Tensor& x, const torch::Tensor& sigma,
                        const torch::Tensor& labels) const override {
    const auto above = sigma >= threshold_;
    const int64_t count = above.sum().item<int64_t>();
    if (count == x.size(0)) return call(*high_, x, sigma, labels);
    if (count == 0) return call(*low_, x, sigma, labels);
    const auto part = [&](const Denoiser& denoiser, const torch::Tensor& index) {
      return call(denoiser, x.index_select(0, index), sigma.index_select(0, index),
                  labels.defined() ? labels.index_select(0, index) : labels);
    };
    const auto high_index = above.nonzero().squeeze(1), low_index = above.logical_not().nonzero().squeeze(1);
    return torch::zeros_like(x)
        .index_copy(0, high_index, part(*high_, high_index))
        .index_copy(0, low_index, part(*low_, low_index));
  }

  std::shared_ptr<const Denoiser> high_, low_;
  double threshold_;
  DenoiserInfo info_;
};

}  // namespace

std::unique_ptr<Denoiser> make_hybrid(std::shared_ptr<const Denoiser> high, std::shared_ptr<const Denoiser> low,
                                      double threshold) {
  if (!(threshold > 0 && std::isfinite(threshold))) {
    throw usage_error(fmt::format("hybrid: threshold is {}, expected a noise level in (0, inf)", threshold));
  }
  const auto& a = high->info();
  const auto& b = low->info();
  if (a.sample_shape != b.sample_shape) {
    throw usage_error(fmt::format("hybrid: '{}' and '{}' have different sample shapes", a.name, b.name));
  }
  if (a.label_dim > 0 && b.label_dim > 0 && a.label_dim != b.label_dim) {
    throw usage_error(fmt::format("hybrid: '{}' takes {} labels, '{}' {}", a.name, a.label_dim, b.name, b.label_dim));
  }
  return std::make_unique<Hybrid>(std::move(high), std::move(low), threshold);
}

}  // namespace farfield
