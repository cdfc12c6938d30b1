#include <cmath>

#include <fmt/format.h>

#include "core/error.h"
#include "core/text.h"
#include "models/operators/operators.h"

namespace farfield {
namespace {

using torch::Tensor;

class Pool final : public LinearOperator {
 public:
  Pool(OperatorInfo info, int64_t factor) : LinearOperator(std::move(info)), factor_(factor) {}
  double norm() const override { return 1 / static_cast<double>(factor_); }

 private:
  Tensor applied(const Tensor& x) const override {
    const auto& shape = info().measurement_shape;
    return x.reshape({x.size(0), shape[0], shape[1], factor_, shape[2], factor_}).mean({3, 5});
  }
  Tensor transposed(const Tensor& y) const override { return copied(y) / static_cast<double>(factor_ * factor_); }
  Tensor gram(const Tensor& r, const SpectralFunction& g) const override {
    return r * g(torch::full({}, norm() * norm(), r.options().dtype(torch::kFloat64))).to(r.scalar_type());
  }
  // Every number to its whole block.
  Tensor copied(const Tensor& y) const {
    return y.unsqueeze(3)
        .unsqueeze(5)
        .expand({-1, -1, -1, factor_, -1, factor_})
        .reshape({y.size(0), y.size(1), y.size(2) * factor_, y.size(3) * factor_});
  }

  int64_t factor_;
};

}  // namespace

std::unique_ptr<LinearOperator> make_pool(std::string name, std::vector<int64_t> shape, int64_t factor) {
  if (shape[1] % factor != 0 || shape[2] % factor != 0) {
    throw usage_error(fmt::format("operator {}: images of [{}] do not divide into blocks of {} x {}", name,
                                  join(shape, ","), factor, factor));
  }
  OperatorInfo info{std::move(name), shape, {shape[0], shape[1] / factor, shape[2] / factor}};
  return std::make_unique<Pool>(std::move(info), factor);
}

}  // namespace farfield
