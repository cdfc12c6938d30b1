#include <algorithm>
#include <cmath>
#include <limits>

#include <ATen/ops/linalg_svd.h>
#include <fmt/format.h>

#include "core/error.h"
#include "core/text.h"
#include "models/constant_tensor.h"
#include "models/operators/operators.h"

namespace farfield {
namespace {

using torch::Tensor;

// A matrix and what of its singular values an operator needs.
struct Decomposed {
  Decomposed(const std::string& name, const char* what, const Tensor& given, int64_t columns)
      : matrix(checked(name, what, given, columns)), left({}), squares({}) {
    const auto [u, s, vh] = at::linalg_svd(matrix.original(), /*full_matrices=*/false);
    left = ConstantTensor(u);
    squares = ConstantTensor(s.square());
    largest = s.max().item<double>();
    share = std::numeric_limits<double>::epsilon() * static_cast<double>(std::max(given.size(0), columns));
  }

  static Tensor checked(const std::string& name, const char* what, const Tensor& given, int64_t columns) {
    if (given.dim() != 2 || given.size(0) == 0 || given.size(1) != columns) {
      throw usage_error(fmt::format("operator {}: the {} is [{}], expected two dimensions, the second of {}", name,
                                    what, join(given.sizes(), ","), columns));
    }
    const Tensor matrix = given.to(torch::kFloat64).contiguous();
    if (!matrix.isfinite().all().item<bool>() || matrix.abs().max().item<double>() == 0)
      throw usage_error(fmt::format("operator {}: the {} is zero or not finite", name, what));
    return matrix;
  }

  ConstantTensor matrix, left, squares;
  double largest = 0, share = 0;
};

class Matrix final : public LinearOperator {
 public:
  Matrix(OperatorInfo info, Decomposed parts) : LinearOperator(std::move(info)), parts_(std::move(parts)) {}
  double norm() const override { return parts_.largest; }
  double smallest_eigenvalue() const override { return std::pow(parts_.largest * parts_.share, 2); }

 private:
  Tensor like(const ConstantTensor& one, const Tensor& x) const { return one.on(x.device(), x.scalar_type()); }
  Tensor applied(const Tensor& x) const override { return x.flatten(1).matmul(like(parts_.matrix, x).t()); }
  Tensor transposed(const Tensor& y) const override {
    std::vector<int64_t> shape = info().image_shape;
    shape.insert(shape.begin(), y.size(0));
    return y.matmul(like(parts_.matrix, y)).reshape(shape);
  }
  Tensor gram(const Tensor& r, const SpectralFunction& g) const override {
    const Tensor left = like(parts_.left, r), weights = g(parts_.squares.on(r.device())).to(r.scalar_type());
    return (r.matmul(left) * weights).matmul(left.t());
  }

  Decomposed parts_;
};

class Separable final : public LinearOperator {
 public:
  Separable(OperatorInfo info, Decomposed rows, Decomposed columns)
      : LinearOperator(std::move(info)),
        rows_(std::move(rows)),
        columns_(std::move(columns)),
        squares_(rows_.squares.original().unsqueeze(1) * columns_.squares.original()) {}
  double norm() const override { return rows_.largest * columns_.largest; }
  double smallest_eigenvalue() const override { return std::pow(norm() * std::max(rows_.share, columns_.share), 2); }

 private:
  // left x right^T in every channel.
  static Tensor between(const ConstantTensor& left, const Tensor& x, const ConstantTensor& right) {
    const auto like = [&](const ConstantTensor& one) { return one.on(x.device(), x.scalar_type()); };
    return torch::matmul(torch::matmul(like(left), x), like(right).t());
  }
  static Tensor between_transposed(const ConstantTensor& left, const Tensor& x, const ConstantTensor& right) {
    const auto like = [&](const ConstantTensor& one) { return one.on(x.device(), x.scalar_type()); };
    return torch::matmul(torch::matmul(like(left).t(), x), like(right));
  }
  Tensor applied(const Tensor& x) const override { return between(rows_.matrix, x, columns_.matrix); }
  Tensor transposed(const Tensor& y) const override { return between_transposed(rows_.matrix, y, columns_.matrix); }
  Tensor gram(const Tensor& r, const SpectralFunction& g) const override {
    const Tensor weights = g(squares_.on(r.device())).to(r.scalar_type());
    return between(rows_.left, between_transposed(rows_.left, r, columns_.left) * weights, columns_.left);
  }

  Decomposed rows_, columns_;
  ConstantTensor squares_;
};

double keys_cubic(double x) {
  x = std::abs(x);
  if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
  return x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0;
}

}  // namespace

std::unique_ptr<LinearOperator> make_matrix(std::string name, std::vector<int64_t> shape, Tensor matrix) {
  int64_t size = 1;
  for (const int64_t side : shape) size *= side;
  Decomposed parts(name, "matrix", matrix, size);
  return std::make_unique<Matrix>(OperatorInfo{std::move(name), std::move(shape), {matrix.size(0)}}, std::move(parts));
}

std::unique_ptr<LinearOperator> make_separable(std::string name, std::vector<int64_t> shape, Tensor rows,
                                               Tensor columns) {
  Decomposed left(name, "matrix of the rows", rows, shape[1]), right(name, "matrix of the columns", columns, shape[2]);
  OperatorInfo info{std::move(name), shape, {shape[0], rows.size(0), columns.size(0)}};
  return std::make_unique<Separable>(std::move(info), std::move(left), std::move(right));
}

Tensor bicubic_matrix(int64_t size, int64_t factor) {
  const int64_t small = size / factor;
  const auto stretch = static_cast<double>(factor);
  Tensor matrix = torch::zeros({small, size}, torch::kFloat64);
  auto entries = matrix.accessor<double, 2>();
  for (int64_t i = 0; i < small; ++i) {
    const double centre = (static_cast<double>(i) + 0.5) * stretch - 0.5;
    for (auto j = static_cast<int64_t>(std::floor(centre - 2 * stretch));
         static_cast<double>(j) <= centre + 2 * stretch; ++j) {
      int64_t place = ((j % (2 * size)) + 2 * size) % (2 * size);
      if (place >= size) place = 2 * size - 1 - place;
      entries[i][place] += keys_cubic((static_cast<double>(j) - centre) / stretch);
    }
  }
  return matrix / matrix.sum(1, /*keepdim=*/true);
}

}  // namespace farfield
