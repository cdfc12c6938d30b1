#include "train/posthoc_ema.h"

#include <algorithm>
#include <cmath>

#include <torch/types.h>

#include "core/error.h"

namespace farfield {
namespace {

// The integral of the product of two profiles, in units of `unit` images: with a ending before b,
// (ga + 1)(gb + 1) / (ga + gb + 1) (ta / tb)^gb / tb.
double product(AverageProfile a, AverageProfile b, double unit) {
  if (a.images > b.images) std::swap(a, b);
  return (a.gamma + 1) * (b.gamma + 1) / (a.gamma + b.gamma + 1) * std::pow(a.images / b.images, b.gamma) /
         (b.images / unit);
}

}  // namespace

PosthocWeights posthoc_weights(const std::vector<AverageProfile>& stored, const AverageProfile& target) {
  check(!stored.empty(), "a post-hoc average is made of stored ones");
  // Float32 weights carry about 1e-7: directions that profiles tell apart by less would only amplify it.
  constexpr double kConditioning = 1e-12;
  const auto count = static_cast<int64_t>(stored.size());
  auto products = torch::empty({count, count}, torch::kFloat64), wanted = torch::empty({count, 1}, torch::kFloat64);
  for (int64_t i = 0; i < count; ++i) {
    for (int64_t j = 0; j < count; ++j) products[i][j] = product(stored[i], stored[j], target.images);
    wanted[i][0] = product(stored[i], target, target.images);
  }
  auto solution = std::get<0>(at::linalg_lstsq(products, wanted, kConditioning, "gelsd"));
  solution = solution / solution.sum();
  const double whole = product(target, target, target.images);
  const double square = whole - 2 * solution.mul(wanted).sum().item<double>() +
                        solution.t().matmul(products).matmul(solution).item<double>();
  const auto values = solution.flatten().contiguous();
  return {{values.const_data_ptr<double>(), values.const_data_ptr<double>() + count},
          std::sqrt(std::max(square, 0.0) / whole)};
}

}  // namespace farfield
