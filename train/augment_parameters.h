#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include <torch/types.h>

namespace farfield {

// What EDM's pipeline does to one image, in the order of the steps; 0 and false: the step did not fire.
struct AugmentParameters {
  static constexpr int64_t kLabels = 9;

  bool xflip = false, yflip = false;
  double scale = 0;                           // w: both axes by 2^(0.2 w)
  double rotation = 0;                        // radians
  double stretch = 0, stretch_direction = 0;  // w, r: by 2^(0.2 w) along r (radians) and by its inverse across
  double shift_x = 0, shift_y = 0;            // in eighths of the width and height

  bool warps() const { return scale != 0 || rotation != 0 || stretch != 0 || shift_x != 0 || shift_y != 0; }
  // What the network is told: xflip, yflip, scale, cos rotation - 1, sin rotation, stretch cos r, stretch sin r, shift_x,
  // shift_y; all 0 for an image that was left alone.
  std::array<double, kLabels> labels() const;
};

// One set for each position [B], a function of (seed, position). Each step fires with probability `probability`, the
// x-flip always; then a flip happens with 1/2, scale, stretch and shifts are N(0, 1), angles U(-pi, pi); the direction
// of a stretch is 0 with probability 1/2 (NVlabs EDM, training/augment.py with the settings of train.py).
std::vector<AugmentParameters> draw_augmentations(uint64_t seed, const torch::Tensor& positions, double probability);

// x -> (a x + b y + c, d x + e y + f).
struct AffineMap {
  double a = 1, b = 0, c = 0, d = 0, e = 1, f = 0;
  AffineMap operator*(const AffineMap& second) const;  // this after `second`
};

// Where each pixel of the augmented image comes from, in pixels from the centre of the image:
// S(1/s) R(w) [R(-r) S(1/u, u) R(r)] T(-shift) with s = 2^(0.2 scale), u = 2^(0.2 stretch).
AffineMap inverse_map(const AugmentParameters& parameters, int64_t width, int64_t height);

}  // namespace farfield
