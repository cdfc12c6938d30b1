#include "analysis/stats/two_samples.h"

#include "core/error.h"

namespace farfield {

double kolmogorov_distance(const torch::Tensor& a, const torch::Tensor& b) {
  check(a.dim() == 1 && b.dim() == 1 && a.numel() > 0 && b.numel() > 0, "two sets of values are compared");
  const torch::Tensor all = torch::cat({a, b});
  const auto part = [&](const torch::Tensor& values) {
    const torch::Tensor sorted = std::get<0>(values.sort());
    return torch::searchsorted(sorted, all, /*out_int32=*/false, /*right=*/true).to(torch::kFloat64) /
           static_cast<double>(values.numel());
  };
  return (part(a) - part(b)).abs().max().item<double>();
}

}  // namespace farfield
