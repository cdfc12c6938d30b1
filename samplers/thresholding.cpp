#include "samplers/thresholding.h"

#include <cmath>

#include "core/error.h"
#include "core/text.h"

namespace farfield {
namespace {

// The q-quantile of every row of [B, n], [B].
torch::Tensor row_quantiles(const torch::Tensor& rows, double q) {
  const auto sorted = std::get<0>(rows.sort(1));
  const double position = q * static_cast<double>(rows.size(1) - 1);
  const auto below = static_cast<int64_t>(std::floor(position));
  const auto above = std::min(below + 1, rows.size(1) - 1);
  return torch::lerp(sorted.select(1, below), sorted.select(1, above), position - static_cast<double>(below));
}

}  // namespace

DenoiseFn with_thresholding(DenoiseFn denoise, double quantile) {
  check_threshold(quantile);
  return [denoise = std::move(denoise), quantile](const torch::Tensor& x, double sigma) {
    const auto denoised = denoise(x, sigma);
    const auto rows = denoised.flatten(1);
    const auto s = row_quantiles(rows.abs(), quantile).clamp_min(1).unsqueeze(1);
    return rows.clamp(-s, s).div_(s).view(denoised.sizes());
  };
}

void check_threshold(double quantile) {
  if (quantile > 0 && quantile <= 1) return;
  throw usage_error("threshold: got " + format_double(quantile) + ", expected a quantile above 0, at most 1");
}

}  // namespace farfield
