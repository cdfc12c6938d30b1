#include "analysis/quality/kernel_distance.h"

#include <algorithm>
#include <cmath>

#include "analysis/quality/feature_rows.h"
#include "core/error.h"
#include "core/interrupts.h"
#include "core/math/random.h"

namespace farfield {
namespace {

using torch::Tensor;

constexpr int64_t kKernelBlock = 2048;
constexpr const char* kKernelMeasure = "a kernel distance";

Tensor cubic(const Tensor& a, const Tensor& b) {
  const Tensor base = torch::addmm(torch::ones({}, torch::kFloat64), a, b.t(), 1, 1 / static_cast<double>(a.size(1)));
  return base * base * base;
}

double sum_of_kernel(const Tensor& a, const Tensor& b) {
  double sum = 0;
  for (const Tensor& rows : a.split(kKernelBlock)) {
    stop_if_interrupted();
    for (const Tensor& columns : b.split(kKernelBlock)) sum += cubic(rows, columns).sum().item<double>();
  }
  return sum;
}

double diagonal_of_kernel(const Tensor& a) {
  const Tensor base = a.square().sum(1) / static_cast<double>(a.size(1)) + 1;
  return base.pow(3).sum().item<double>();
}

double of_rows(const Tensor& a, const Tensor& b) {
  const auto n = static_cast<double>(a.size(0)), m = static_cast<double>(b.size(0));
  return (sum_of_kernel(a, a) - diagonal_of_kernel(a)) / (n * (n - 1)) +
         (sum_of_kernel(b, b) - diagonal_of_kernel(b)) / (m * (m - 1)) - 2 * sum_of_kernel(a, b) / (n * m);
}

Tensor subset_rows(int64_t subsets, int64_t size, int64_t count, uint64_t seed, uint64_t side) {
  std::vector<Tensor> rows;
  for (int64_t s = 0; s < subsets; ++s) {
    const at::Generator generator = keyed_generator({seed, 0x6b6964, side, static_cast<uint64_t>(s)});
    rows.push_back(torch::randperm(count, generator, torch::kInt64).narrow(0, 0, size));
  }
  return torch::stack(rows);
}

}  // namespace

double kernel_distance(const Tensor& a, const Tensor& b) {
  const Tensor first = feature_rows(a, 2, kKernelMeasure), second = feature_rows(b, 2, kKernelMeasure);
  check_same_width(first, second, kKernelMeasure);
  return of_rows(first, second);
}

SubsetKernelDistance kernel_distance_of_subsets(const Tensor& a, const Tensor& b, const Tensor& of_a,
                                                const Tensor& of_b) {
  const Tensor first = feature_rows(a, 2, kKernelMeasure), second = feature_rows(b, 2, kKernelMeasure);
  check_same_width(first, second, kKernelMeasure);
  check(of_a.size(0) == of_b.size(0) && of_a.size(1) >= 2 && of_b.size(1) >= 2,
        "subsets of two rows or more, in pairs");
  SubsetKernelDistance result{torch::empty({of_a.size(0)}, torch::kFloat64)};
  for (int64_t s = 0; s < of_a.size(0); ++s)
    result.values[s] = of_rows(first.index_select(0, of_a[s]), second.index_select(0, of_b[s]));
  result.mean = result.values.mean().item<double>();
  result.deviation = std::sqrt((result.values - result.mean).square().mean().item<double>());
  return result;
}

SubsetKernelDistance kernel_distance_of_subsets(const Tensor& a, const Tensor& b, int64_t subsets, int64_t size,
                                                uint64_t seed) {
  const int64_t own = std::min({size, a.size(0), b.size(0)});
  return kernel_distance_of_subsets(a, b, subset_rows(subsets, own, a.size(0), seed, 0),
                                    subset_rows(subsets, own, b.size(0), seed, 1));
}

int64_t useful_subsets(int64_t count_a, int64_t count_b, int64_t subsets, int64_t size) {
  return count_a == count_b && count_a <= size ? 1 : subsets;
}

}  // namespace farfield
