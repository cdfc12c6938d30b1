#include <cmath>
#include <optional>

#include <ATen/ops/fft_irfft2.h>
#include <ATen/ops/fft_rfft2.h>
#include <fmt/format.h>

#include "core/error.h"
#include "core/text.h"
#include "models/constant_tensor.h"
#include "models/operators/operators.h"

namespace farfield {
namespace {

using torch::Tensor;

constexpr double kSmallestShare = 1e-3;  // of singular values, that the pseudo-inverse sees

Tensor transformed(const Tensor& images) { return at::fft_rfft2(images); }

Tensor transformed_back(const Tensor& spectrum, int64_t height, int64_t width) {
  const int64_t size[] = {height, width};
  return at::fft_irfft2(spectrum, torch::IntArrayRef(size));
}

// The kernel with its centre at (0, 0), in an image of zeros.
Tensor centred(const Tensor& kernel, int64_t height, int64_t width) {
  Tensor image = torch::zeros({height, width}, torch::kFloat64);
  image.narrow(0, 0, kernel.size(0)).narrow(1, 0, kernel.size(1)).copy_(kernel);
  return image.roll({-(kernel.size(0) / 2), -(kernel.size(1) / 2)}, {0, 1});
}

class Blur final : public LinearOperator {
 public:
  Blur(OperatorInfo info, const Tensor& kernel, int64_t factor)
      : LinearOperator(std::move(info)),
        height_(this->info().image_shape[1]),
        width_(this->info().image_shape[2]),
        factor_(factor),
        spectrum_(transformed(centred(kernel, height_, width_))),
        eigenvalues_(gram_eigenvalues()) {
    largest_ = eigenvalues_.original().max().item<double>();
  }
  double norm() const override { return std::sqrt(largest_); }
  double smallest_eigenvalue() const override { return kSmallestShare * kSmallestShare * largest_; }

 private:
  Tensor spectrum_for(const Tensor& x) const {
    return spectrum_.on(x.device(), x.scalar_type() == torch::kFloat64 ? torch::kComplexDouble : torch::kComplexFloat);
  }
  // The autocorrelation of the kernel at multiples of factor is A A^T's kernel.
  Tensor gram_eigenvalues() const {
    const Tensor correlation = transformed_back(spectrum_.original().abs().square(), height_, width_);
    return at::real(transformed(thinned(correlation))).clamp_min(0).contiguous();
  }
  Tensor thinned(const Tensor& images) const {
    return factor_ == 1 ? images : images.slice(-2, 0, height_, factor_).slice(-1, 0, width_, factor_).contiguous();
  }
  Tensor applied(const Tensor& x) const override {
    return thinned(transformed_back(transformed(x) * spectrum_for(x), height_, width_));
  }
  Tensor transposed(const Tensor& y) const override {
    Tensor images = y;
    if (factor_ > 1) {
      images = torch::zeros({y.size(0), y.size(1), height_, width_}, y.options());
      images.slice(-2, 0, height_, factor_).slice(-1, 0, width_, factor_).copy_(y);
    }
    return transformed_back(transformed(images) * spectrum_for(y).conj(), height_, width_);
  }
  Tensor gram(const Tensor& r, const SpectralFunction& g) const override {
    const Tensor weights = g(eigenvalues_.on(r.device())).to(r.scalar_type());
    return transformed_back(transformed(r) * weights, height_ / factor_, width_ / factor_);
  }

  int64_t height_, width_, factor_;
  ConstantTensor spectrum_;     // of the kernel, [H, W/2 + 1]
  ConstantTensor eigenvalues_;  // of A A^T, [H/factor, W/factor/2 + 1]
  double largest_ = 0;
};

}  // namespace

std::unique_ptr<LinearOperator> make_blur(std::string name, std::vector<int64_t> shape, Tensor kernel, int64_t factor) {
  if (kernel.dim() != 2 || kernel.size(0) > shape[1] || kernel.size(1) > shape[2] || kernel.numel() == 0) {
    throw usage_error(
        fmt::format("operator {}: the kernel is [{}], the images are [{}]; expected [height,width] no larger "
                    "than an image",
                    name, join(kernel.sizes(), ","), join(shape, ",")));
  }
  kernel = kernel.to(torch::kFloat64);
  if (!kernel.isfinite().all().item<bool>() || kernel.abs().max().item<double>() == 0)
    throw usage_error(fmt::format("operator {}: the kernel is zero or not finite", name));
  if (shape[1] % factor != 0 || shape[2] % factor != 0) {
    throw usage_error(fmt::format("operator {}: factor {} does not divide the sides of images of [{}]", name, factor,
                                  join(shape, ",")));
  }
  OperatorInfo info{std::move(name), shape, {shape[0], shape[1] / factor, shape[2] / factor}};
  return std::make_unique<Blur>(std::move(info), kernel, factor);
}

}  // namespace farfield
