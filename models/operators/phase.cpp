#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/fft_fft2.h>
#include <ATen/ops/fft_ifft2.h>

#include "models/operators/operators.h"

namespace farfield {
namespace {

using torch::Tensor;

constexpr int64_t kSides[] = {-2, -1};

class Phase final : public Operator {
 public:
  Phase(OperatorInfo info, int64_t pad) : Operator(std::move(info)), pad_(pad) {}

 private:
  Tensor spectrum(const Tensor& x) const {
    return at::fft_fft2(at::constant_pad_nd(x, {pad_, pad_, pad_, pad_}), at::OptionalIntArrayRef(), kSides, "ortho");
  }
  Tensor applied(const Tensor& x) const override { return spectrum(x).abs(); }
  // d|z| = Re(conj(z) dz) / |z|, and 0 where z is: the transform is unitary.
  Tensor pulled_back(const Tensor& x, const Tensor& v) const override {
    const Tensor back = at::fft_ifft2(spectrum(x).sgn() * v, at::OptionalIntArrayRef(), kSides, "ortho");
    return at::real(back).narrow(-2, pad_, x.size(-2)).narrow(-1, pad_, x.size(-1)).contiguous();
  }

  int64_t pad_;
};

}  // namespace

std::unique_ptr<Operator> make_phase(std::string name, std::vector<int64_t> shape, int64_t pad) {
  OperatorInfo info{std::move(name), shape, {shape[0], shape[1] + 2 * pad, shape[2] + 2 * pad}};
  return std::make_unique<Phase>(std::move(info), pad);
}

}  // namespace farfield
