#include "models/counting.h"

#include <utility>

namespace farfield {
namespace {

class WatchedDenoiser final : public Denoiser {
 public:
  WatchedDenoiser(const Denoiser& inner, WorkFn on_evaluation, WorkFn on_product)
      : inner_(inner), on_evaluation_(std::move(on_evaluation)), on_product_(std::move(on_product)) {}
  const DenoiserInfo& info() const override { return inner_.info(); }

 private:
  torch::Tensor denoise(const torch::Tensor& x, const torch::Tensor& sigma,
                        const torch::Tensor& labels) const override {
    torch::Tensor denoised = inner_(x, sigma, labels);
    on_evaluation_(x.size(0));
    return denoised;
  }
  Pullback pull_back(const torch::Tensor& x, const torch::Tensor& sigma, const torch::Tensor& labels,
                     const torch::Tensor& v) const override {
    Pullback result = inner_.vector_jacobian(x, sigma, v, labels);
    on_evaluation_(x.size(0));
    on_product_(x.size(0));
    return result;
  }
  Linearised linearise(const torch::Tensor& x, const torch::Tensor& sigma, const torch::Tensor& labels) const override {
    Linearised result = inner_.linearised(x, sigma, labels);
    on_evaluation_(x.size(0));
    return {result.denoised, [this, times = std::move(result.times)](const torch::Tensor& v) {
      torch::Tensor product = times(v);
      on_product_(v.size(0));
      return product;
    }};
  }

  const Denoiser& inner_;
  WorkFn on_evaluation_, on_product_;
};

}  // namespace

std::unique_ptr<Denoiser> make_watched(const Denoiser& denoiser, WorkFn on_evaluation, WorkFn on_product) {
  return std::make_unique<WatchedDenoiser>(denoiser, std::move(on_evaluation), std::move(on_product));
}

DenoiseFn counting(DenoiseFn denoise, int64_t& calls) {
  return [denoise = std::move(denoise), &calls](const torch::Tensor& x, double sigma) {
    ++calls;
    return denoise(x, sigma);
  };
}

}  // namespace farfield
