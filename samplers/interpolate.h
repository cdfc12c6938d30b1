#pragma once

#include <optional>
#include <string>
#include <vector>

#include <torch/types.h>

namespace farfield {

// Latents between latents.
struct InterpolateOptions {
  // linear:    sum_i w_i z_i. Between independent normals the variance falls to sum w_i^2.
  // spherical: along the great circle, sin((1-t) a) / sin a z_0 + sin(t a) / sin a z_1 with the angle a between z_0 and
  //            z_1 (Shoemake 1985); four corners: along the two edges, then between them.
  // indist:    sqrt(1 - l^2) z_0 + l z_1, a standard normal again when the z_i are independent ones; l follows from t by
  //            the weight. nlinear, l = t / sqrt(t^2 + (1 - t)^2): sum_i w_i z_i / sqrt(sum_i w_i^2) (Bodin et al. 2024,
  //            "Linear combinations of latents in generative models"); uniform, l = t, which stays near z_0 for long; sine,
  //            l = sin(t pi / 2): great circles between orthogonal corners ("A Geometric Perspective", B.5, which prints
  //            1 - t^2 for the (1 - t)^2 of nlinear).
  std::string mode = "indist";
  std::optional<std::string> weight = {};  // of indist: nlinear unless it is said; no other mode has one
  int64_t frames = 9;                      // along an edge, both corners included; 2 to 1,000
  void validate() const;                   // usage_error with name, value and constraint
};

const std::vector<std::string>& interpolation_modes();
const std::vector<std::string>& interpolation_weights();
// l of indist at t in [0, 1]. usage_error for an unknown weight.
double interpolation_weight(const std::string& weight, double t);

// usage_error unless there are two corners or four.
void check_corners(int64_t count);

// Two corners give a strip [frames, ...shape], four a grid [frames^2, ...shape], row by row: corners 0 and 1 at the
// left and right of the first row, 2 and 3 of the last. Weights are products of 1 - t and t, t = j / (frames - 1).
// corners [2 or 4, ...shape] floating; computed in float64. The corners themselves come back as they are. usage_error
// for another number of corners, and for opposite corners in spherical mode.
torch::Tensor interpolate(const torch::Tensor& corners, const InterpolateOptions& options);

}  // namespace farfield
