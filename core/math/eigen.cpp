#include "core/math/eigen.h"

#include <string>
#include <tuple>

#include <fmt/format.h>

#include "core/error.h"
#include "core/long_call.h"

namespace farfield {

namespace {

constexpr double kNegativeLimit = 1e-8;  // of the largest eigenvalue
constexpr double kGramFloor = 1e-13;     // of the largest eigenvalue

// LAPACK leaves the sign of an eigenvector open; fixed here so that files and tests agree between machines.
torch::Tensor with_fixed_signs(const torch::Tensor& vectors) {
  if (vectors.size(1) == 0) return vectors;
  const auto largest = vectors.abs().argmax(0, /*keepdim=*/true);
  return vectors * vectors.gather(0, largest).sign();
}

// "eigenvectors, 3072 x 3072"
std::string sized(const char* what, int64_t rows, int64_t columns) {
  return fmt::format("{}, {} x {}", what, rows, columns);
}

double volume(int64_t a, int64_t b, int64_t c) {
  return static_cast<double>(a) * static_cast<double>(b) * static_cast<double>(c);
}

}  // namespace

SymmetricEigen covariance_eigen(const torch::Tensor& matrix) {
  check(matrix.dim() == 2 && matrix.size(0) == matrix.size(1) && matrix.scalar_type() == torch::kFloat64,
        "covariance_eigen: expected a square float64 matrix");
  if (!matrix.isfinite().all().item<bool>()) throw numeric_error("eigenproblem: the matrix holds values not finite");
  const int64_t size = matrix.size(0);
  const auto pairs = long_call(sized("eigenvectors", size, size), 10 * volume(size, size, size), [matrix] {
    auto [values, vectors] = at::linalg_eigh(matrix, "L");
    return Tensors{values, vectors};
  });
  const auto &ascending = pairs[0], &columns = pairs[1];
  const double largest = ascending.abs().max().item<double>();
  const double smallest = ascending[0].item<double>();
  if (smallest < -kNegativeLimit * largest) {
    throw numeric_error(
        fmt::format("eigenproblem: eigenvalue {} beside {}: the matrix is no covariance", smallest, largest));
  }
  return {ascending.flip(0).clamp_min_(0), with_fixed_signs(columns.flip(1))};
}

SymmetricEigen rows_eigen(const torch::Tensor& centred_rows) {
  const int64_t count = centred_rows.size(0), dim = centred_rows.size(1);
  const auto products = long_call(sized("inner products", count, dim), 2 * volume(count, count, dim),
                                  [centred_rows] { return Tensors{torch::mm(centred_rows, centred_rows.t())}; });
  const auto gram = covariance_eigen(products[0] / static_cast<double>(count));
  const int64_t kept = (gram.values > kGramFloor * gram.values[0]).sum().item<int64_t>();
  const auto values = gram.values.narrow(0, 0, kept).clone();
  // A^T w has length sqrt(n lambda); small ones are orthogonal only roughly, the QR step makes them so.
  const auto combinations = gram.vectors.narrow(1, 0, kept);
  const auto basis = long_call(sized("orthonormal basis", dim, kept), 6 * volume(dim, kept, kept), [=] {
    const auto spanning = torch::mm(centred_rows.t(), combinations);
    return Tensors{std::get<0>(at::linalg_qr(spanning / (values * static_cast<double>(count)).sqrt()))};
  });
  return {values, with_fixed_signs(basis[0])};
}

}  // namespace farfield
