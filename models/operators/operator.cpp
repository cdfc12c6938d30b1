#include "models/operators/operator.h"

#include <numeric>

#include <fmt/format.h>

#include "core/error.h"
#include "core/text.h"

namespace farfield {
namespace {

using torch::Tensor;

void check_rows(const std::string& name, const char* what, const Tensor& rows, const std::vector<int64_t>& shape) {
  const bool fits = rows.defined() && rows.dim() == static_cast<int64_t>(shape.size()) + 1 && rows.size(0) > 0 &&
                    rows.sizes().slice(1) == torch::IntArrayRef(shape);
  if (!fits) {
    throw usage_error(
        fmt::format("operator {}: expected {} of shape [{}], got {}", name, what, join(shape, ","),
                    rows.defined() ? "a batch of [" + join(rows.sizes().slice(1), ",") + "]" : "nothing"));
  }
  check(rows.scalar_type() == torch::kFloat64 || rows.scalar_type() == torch::kFloat32,
        "Operator: states are float32 or float64");
}

// rho as [B or 1, 1, ...], one dimension for each of `rows`.
Tensor beside(const Tensor& rho, const Tensor& rows) {
  std::vector<int64_t> shape(static_cast<size_t>(rows.dim()), 1);
  shape[0] = rho.numel();
  return rho.to(rows.device(), torch::kFloat64).reshape(shape);
}

Tensor inverse_or_zero(const Tensor& values, const Tensor& counts) {
  return torch::where(counts, values.reciprocal(), torch::zeros({}, values.options()));
}

}  // namespace

Operator::Operator(OperatorInfo info) : info_(std::move(info)) {
  const auto& shape = info_.measurement_shape;
  if (info_.measured == 0)
    info_.measured = std::accumulate(shape.begin(), shape.end(), int64_t{1}, std::multiplies<>());
}

void Operator::check_image(const Tensor& x) const { check_rows(info_.name, "images", x, info_.image_shape); }

void Operator::check_measurement(const Tensor& y) const {
  check_rows(info_.name, "measurements", y, info_.measurement_shape);
}

Tensor Operator::apply(const Tensor& x) const {
  check_image(x);
  return applied(x);
}

Tensor Operator::pull_back(const Tensor& x, const Tensor& v) const {
  check_image(x);
  check_measurement(v);
  return pulled_back(x, v);
}

Tensor LinearOperator::adjoint(const Tensor& y) const {
  check_measurement(y);
  return transposed(y);
}

Tensor LinearOperator::of_gram(const Tensor& r, const SpectralFunction& g) const {
  check_measurement(r);
  return gram(r, g);
}

Tensor LinearOperator::of_singular_values(const Tensor& x, const SpectralFunction& f) const {
  check_image(x);
  const Tensor at_zero = f(torch::zeros({}, x.options().dtype(torch::kFloat64)));
  // f(S) - f(0) = S g(S^2) S with g(e) = (f(sqrt(e)) - f(0)) / e.
  const Tensor beyond = gram(applied(x), [&](const Tensor& eigenvalues) {
    return (f(eigenvalues.sqrt()) - at_zero) * inverse_or_zero(eigenvalues, eigenvalues > smallest_eigenvalue());
  });
  return at_zero.to(x.scalar_type()) * x + transposed(beyond);
}

Tensor LinearOperator::solve(const Tensor& r, const Tensor& rho) const {
  check_measurement(r);
  const Tensor weight = beside(rho, r);
  return gram(r, [&](const Tensor& eigenvalues) {
    return inverse_or_zero(eigenvalues + weight, (weight > 0) | (eigenvalues > smallest_eigenvalue()));
  });
}

Tensor LinearOperator::pseudo_inverse(const Tensor& y) const {
  return transposed(solve(y, torch::zeros({1}, torch::kFloat64)));
}

Tensor LinearOperator::prox(const Tensor& y, const Tensor& z, const Tensor& rho) const {
  check_measurement(y);
  check_image(z);
  return nearest(y, z, beside(rho, z));
}

Tensor LinearOperator::nearest(const Tensor& y, const Tensor& z, const Tensor& rho) const {
  return z + transposed(solve(y - applied(z), rho));
}

const LinearOperator& require_linear(const Operator& one, const std::string& name) {
  const auto* linear = dynamic_cast<const LinearOperator*>(&one);
  if (linear == nullptr) {
    throw usage_error(
        fmt::format("{}: needs a linear operator, and {} is none; take dps or diffpir", name, one.info().name));
  }
  return *linear;
}

}  // namespace farfield
