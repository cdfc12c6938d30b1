#pragma once

#include <memory>

#include "models/denoiser.h"

namespace farfield::test {

// Another denoiser, whose calls and samples are counted. Not thread-safe.
class CountedDenoiser final : public Denoiser {
 public:
  explicit CountedDenoiser(std::shared_ptr<const Denoiser> inner) : inner_(std::move(inner)) {}
  const DenoiserInfo& info() const override { return inner_->info(); }
  mutable int64_t calls = 0, samples = 0;

 private:
  torch::Tensor denoise(const torch::Tensor& x, const torch::Tensor& sigma,
                        const torch::Tensor& labels) const override {
    ++calls;
    samples += x.size(0);
    return (*inner_)(x, sigma, inner_->info().label_dim > 0 ? labels : torch::Tensor());
  }
  std::shared_ptr<const Denoiser> inner_;
};

}  // namespace farfield::test
