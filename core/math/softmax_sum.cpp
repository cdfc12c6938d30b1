#include "core/math/softmax_sum.h"

#include <limits>

namespace farfield {
namespace {

constexpr double kLowestShift =
    -1e4;  // finite where the first maximum is infinitely far above none; its exponential is 0

}  // namespace

SoftmaxSum::SoftmaxSum(int64_t rows, int64_t dim, torch::Device device) {
  const auto options = torch::dtype(torch::kFloat64).device(device);
  max_ = torch::full({rows, 1}, -std::numeric_limits<double>::infinity(), options);
  sum_ = torch::zeros({rows, 1}, options);
  logits_ = torch::zeros({rows, 1}, options);
  weighted_ = torch::zeros({rows, dim}, options);
}

void SoftmaxSum::add(torch::Tensor logits, const torch::Tensor& values) {
  const auto block_max = logits.amax({1}, /*keepdim=*/true);
  const auto max = torch::maximum(max_, block_max);
  // Rows whose every weight is negligible beside what is there already need no product; most blocks at small sigma.
  if ((block_max < max_ - kNegligibleLogit).all().item<bool>()) return;
  const auto shift = max_ - max, scale = shift.exp();
  auto weights = logits.sub_(max).exp();
  weights.masked_fill_(weights < kNegligibleWeight, 0);
  logits_.addcmul_(sum_, shift.clamp_min(kLowestShift)).mul_(scale).add_(logits.mul_(weights).sum(1, /*keepdim=*/true));
  sum_.mul_(scale).add_(weights.sum(1, /*keepdim=*/true));
  weighted_.mul_(scale).add_(torch::mm(weights.to(values.scalar_type()), values));
  max_ = max;
}

torch::Tensor SoftmaxSum::mean() const { return weighted_ / sum_; }

torch::Tensor SoftmaxSum::log_sum() const { return (sum_.log() + max_).squeeze(1); }

torch::Tensor SoftmaxSum::entropy() const { return (sum_.log() - logits_ / sum_).squeeze(1).clamp_min(0); }

}  // namespace farfield
