#include "models/guidance.h"

#include <cmath>
#include <utility>

#include "core/error.h"
#include "core/limits.h"
#include "core/text.h"

namespace farfield {
namespace {

class Guidance final : public Denoiser {
 public:
  Guidance(std::shared_ptr<const Denoiser> denoiser, double weight)
      : denoiser_(std::move(denoiser)), weight_(weight), info_(denoiser_->info()) {
    info_.name += " guided by " + format_double(weight);
    info_.kind = "guidance";
  }

  const DenoiserInfo& info() const override { return info_; }

 private:
  torch::Tensor denoise(const torch::Tensor& x, const torch::Tensor& sigma,
                        const torch::Tensor& labels) const override {
    if (weight_ == 0) return (*denoiser_)(x, sigma);
    if (weight_ == 1 || !labels.defined() || labels.count_nonzero().item<int64_t>() == 0) {
      return (*denoiser_)(x, sigma, labels);
    }
    const auto both = (*denoiser_)(torch::cat({x, x}), torch::cat({sigma, sigma}),
                                   torch::cat({torch::zeros_like(labels), labels}));
    const auto halves = both.chunk(2);
    return halves[0] + weight_ * (halves[1] - halves[0]);
  }

  std::shared_ptr<const Denoiser> denoiser_;
  double weight_;
  DenoiserInfo info_;
};

}  // namespace

std::unique_ptr<Denoiser> make_guidance(std::shared_ptr<const Denoiser> denoiser, double weight) {
  const auto& info = denoiser->info();
  if (info.label_dim == 0) {
    throw usage_error("guidance: " + info.name +
                      " takes no labels, so there is nothing to guide to; leave --guidance out");
  }
  if (!(std::abs(weight) <= limits::kHighestGuidance)) {
    throw usage_error("guidance: the weight is " + format_double(weight) + ", expected a number from -" +
                      format_double(limits::kHighestGuidance) + " to " + format_double(limits::kHighestGuidance));
  }
  return std::make_unique<Guidance>(std::move(denoiser), weight);
}

}  // namespace farfield
