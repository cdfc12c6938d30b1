#include "analysis/geometry/view_alignment.h"

#include <cmath>

#include "core/error.h"

namespace farfield {
namespace {

void flip_to_positive(torch::Tensor& curve) {
  for (int64_t k = 0; k < 2; ++k) {
    const torch::Tensor values = curve.select(1, k);
    if (values[values.abs().argmax()].item<double>() < 0) values.neg_();
  }
}

}  // namespace

torch::Tensor aligned_curves(const torch::Tensor& across) {
  check(across.dim() == 3 && across.size(2) == 2 && across.scalar_type() == torch::kFloat64,
        "aligned_curves: [B, L, 2] float64");
  torch::Tensor aligned = across.clone();
  if (aligned.size(0) == 0) return aligned;
  torch::Tensor first = aligned[0];
  flip_to_positive(first);
  auto curves = aligned.accessor<double, 3>();
  for (int64_t i = 1; i < aligned.size(0); ++i) {
    double b_b = 0, b_c = 0, c_b = 0, c_c = 0;  // sums of p q^T, p this curve and q the first
    for (int64_t n = 0; n < aligned.size(1); ++n) {
      b_b += curves[i][n][0] * curves[0][n][0];
      b_c += curves[i][n][0] * curves[0][n][1];
      c_b += curves[i][n][1] * curves[0][n][0];
      c_c += curves[i][n][1] * curves[0][n][1];
    }
    // In two dimensions the best rotation and the best reflection are known by their angles, and how good they are.
    const double turned = std::hypot(b_b + c_c, b_c - c_b), mirrored = std::hypot(b_b - c_c, b_c + c_b);
    const double best = std::max(turned, mirrored);
    if (best == 0) continue;
    const bool mirror = mirrored > turned;
    const double cosine = (mirror ? b_b - c_c : b_b + c_c) / best, sine = (mirror ? b_c + c_b : b_c - c_b) / best;
    for (int64_t n = 0; n < aligned.size(1); ++n) {
      const double b = curves[i][n][0], c = mirror ? -curves[i][n][1] : curves[i][n][1];
      curves[i][n][0] = cosine * b - sine * c;
      curves[i][n][1] = sine * b + cosine * c;
    }
  }
  return aligned;
}

}  // namespace farfield
