#include "core/math/softmax_sum.h"

#include <limits>

namespace farfield {

SoftmaxSum::SoftmaxSum(int64_t rows, int64_t dim, torch::Device device) {
  const auto options = torch::dtype(torch::kFloat64).device(device);
  max_ = torch::full({rows, 1}, -std::numeric_limits<double>::infinity(), options);
  sum_ = torch::zeros({rows, 1}, options);
  weighted_ = torch::zeros({rows, dim}, options);
}

void SoftmaxSum::add(torch::Tensor logits, const torch::Tensor& values) {
  const auto block_max = logits.amax({1}, /*keepdim=*/true);
  const auto max = torch::maximum(max_, block_max);
  // Rows whose every weight is negligible beside what is there already need no product; most blocks at small sigma.
  if ((block_max < max_ - kNegligibleLogit).all().item<bool>()) return;
  const auto scale = (max_ - max).exp_();
  auto& weights = logits.sub_(max).exp_();
  weights.masked_fill_(weights < kNegligibleWeight, 0);
  sum_.mul_(scale).add_(weights.sum(1, /*keepdim=*/true));
  weighted_.mul_(scale).add_(torch::mm(weights.to(values.scalar_type()), values));
  max_ = max;
}

torch::Tensor SoftmaxSum::mean() const { return weighted_ / sum_; }

torch::Tensor SoftmaxSum::log_sum() const { return (sum_.log() + max_).squeeze(1); }

}  // namespace farfield
