#include "analysis/geometry/closed_form_path.h"

#include "core/error.h"

namespace farfield {

Path rotated_gaussian_path(const GaussianStats& gaussian, const torch::Tensor& start,
                           const std::vector<double>& levels) {
  check(gaussian.rank() == gaussian.dim(), "rotated_gaussian_path: needs every eigenvector");
  const torch::Tensor& variances = gaussian.eigenvalues;
  const torch::Tensor mean = gaussian.mean.matmul(gaussian.basis);
  const torch::Tensor rows = start.flatten(1).to(torch::kCPU, torch::kFloat64);
  const torch::Tensor centred = (rows - gaussian.mean).matmul(gaussian.basis);
  const torch::Tensor at_start = (variances + levels[0] * levels[0]).sqrt();
  const auto count = static_cast<int64_t>(levels.size());
  Path path{levels, torch::empty({count, rows.size(0), rows.size(1)}, torch::kFloat64),
            torch::empty({count - 1, rows.size(0), rows.size(1)}, torch::kFloat64), 0};
  for (int64_t n = 0; n < count; ++n) {
    const torch::Tensor here = (variances + levels[n] * levels[n]).sqrt();
    path.states[n].copy_(torch::addcmul(mean, here / at_start, centred));
    if (n + 1 < count) path.denoised[n].copy_(torch::addcmul(mean, variances / (here * at_start), centred));
  }
  return path;
}

}  // namespace farfield
