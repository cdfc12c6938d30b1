#include <fmt/format.h>

#include "core/error.h"
#include "core/text.h"
#include "models/constant_tensor.h"
#include "models/operators/operators.h"

namespace farfield {
namespace {

using torch::Tensor;

class Identity final : public LinearOperator {
 public:
  using LinearOperator::LinearOperator;
  double norm() const override { return 1; }

 private:
  Tensor applied(const Tensor& x) const override { return x; }
  Tensor transposed(const Tensor& y) const override { return y; }
  Tensor gram(const Tensor& r, const SpectralFunction& g) const override {
    return r * g(torch::ones({}, r.options().dtype(torch::kFloat64))).to(r.scalar_type());
  }
  Tensor nearest(const Tensor& y, const Tensor& z, const Tensor& rho) const override {
    return torch::where(rho == 0, y, z + (y - z) / (1 + rho).to(z.scalar_type()));
  }
};

class Mask final : public LinearOperator {
 public:
  Mask(OperatorInfo info, const Tensor& mask) : LinearOperator(std::move(info)), mask_(mask.to(torch::kBool)) {}
  double norm() const override { return 1; }
  Tensor where_measured(const Tensor& y) const override { return applied(y); }

 private:
  Tensor applied(const Tensor& x) const override { return torch::where(mask_.on(x.device()), x, zero(x)); }
  Tensor transposed(const Tensor& y) const override { return applied(y); }
  Tensor gram(const Tensor& r, const SpectralFunction& g) const override {
    return applied(r * g(torch::ones({}, r.options().dtype(torch::kFloat64))).to(r.scalar_type()));
  }
  // At rho = 0 known pixels are those of y, bit for bit.
  Tensor nearest(const Tensor& y, const Tensor& z, const Tensor& rho) const override {
    const Tensor known = torch::where(rho == 0, y, z + (y - z) / (1 + rho).to(z.scalar_type()));
    return torch::where(mask_.on(z.device()), known, z);
  }
  static Tensor zero(const Tensor& x) { return torch::zeros({}, x.options()); }

  ConstantTensor mask_;
};

}  // namespace

std::unique_ptr<LinearOperator> make_identity(std::string name, std::vector<int64_t> shape) {
  return std::make_unique<Identity>(OperatorInfo{std::move(name), shape, shape});
}

std::unique_ptr<LinearOperator> make_mask(std::string name, std::vector<int64_t> shape, Tensor mask) {
  if (mask.dim() != 2 || mask.sizes() != torch::IntArrayRef(shape).slice(1)) {
    throw usage_error(
        fmt::format("operator {}: the mask is [{}], the images are [{}]; expected a mask of [height,width]", name,
                    join(mask.sizes(), ","), join(shape, ",")));
  }
  if (!((mask == 0) | (mask == 1)).all().item<bool>()) {
    throw usage_error(
        fmt::format("operator {}: the mask holds values other than 0 and 1; write 1 where a pixel is known", name));
  }
  const int64_t kept = mask.to(torch::kInt64).sum().item<int64_t>();
  if (kept == 0) throw usage_error(fmt::format("operator {}: the mask keeps no pixel; nothing is measured", name));
  return std::make_unique<Mask>(OperatorInfo{std::move(name), shape, shape, shape[0] * kept}, mask);
}

}  // namespace farfield
