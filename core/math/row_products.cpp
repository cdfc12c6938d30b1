#include "core/math/row_products.h"

#include <ATen/Parallel.h>

#include "core/error.h"

namespace farfield {
namespace {

constexpr int64_t kLanes = 8;

double product_of(const double* a, const double* b, int64_t size) {
  double lanes[kLanes] = {};
  int64_t i = 0;
  for (; i + kLanes <= size; i += kLanes) {
    for (int64_t lane = 0; lane < kLanes; ++lane) lanes[lane] += a[i + lane] * b[i + lane];
  }
  double sum = 0;
  for (; i < size; ++i) sum += a[i] * b[i];
  for (const double lane : lanes) sum += lane;
  return sum;
}

bool is_plain(const torch::Tensor& t) {
  return t.dim() == 2 && t.scalar_type() == torch::kFloat64 && t.is_cpu() && t.is_contiguous();
}

}  // namespace

torch::Tensor row_products(const torch::Tensor& a, const torch::Tensor& b) {
  check(is_plain(a) && is_plain(b) && a.sizes() == b.sizes(), "row_products: [n, d] float64, contiguous on the CPU");
  const int64_t rows = a.size(0), size = a.size(1);
  const torch::Tensor sums = torch::empty({rows}, torch::kFloat64);
  const double *left = a.const_data_ptr<double>(), *right = b.const_data_ptr<double>();
  double* sum = sums.mutable_data_ptr<double>();
  at::parallel_for(0, rows, 1 + 32768 / (size + 1), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) sum[row] = product_of(left + row * size, right + row * size, size);
  });
  return sums;
}

torch::Tensor row_norms(const torch::Tensor& a) { return row_products(a, a).sqrt(); }

}  // namespace farfield
