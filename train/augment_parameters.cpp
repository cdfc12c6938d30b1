#include "train/augment_parameters.h"

#include <cmath>
#include <numbers>

#include "train/draws.h"

namespace farfield {
namespace {

constexpr double kScaleStd = 0.2, kStretchStd = 0.2, kShiftStd = 0.125;

// The numbers of one image; the order is part of what a seed means.
enum Column : int64_t {
  kXflip,
  kYflipFires,
  kYflip,
  kScaleFires,
  kScale,
  kRotateFires,
  kRotation,
  kStretchFires,
  kStretch,
  kDirectionFires,
  kDirection,
  kShiftFires,
  kShiftX,
  kShiftY,
  kColumns
};

AffineMap rotation(double angle) {
  const double c = std::cos(angle), s = std::sin(angle);
  return {c, -s, 0, s, c, 0};
}

AffineMap scaling(double x, double y) { return {x, 0, 0, 0, y, 0}; }

AffineMap translation(double x, double y) { return {1, 0, x, 0, 1, y}; }

}  // namespace

std::array<double, AugmentParameters::kLabels> AugmentParameters::labels() const {
  return {xflip ? 1. : 0.,
          yflip ? 1. : 0.,
          scale,
          std::cos(rotation) - 1,
          std::sin(rotation),
          stretch * std::cos(stretch_direction),
          stretch * std::sin(stretch_direction),
          shift_x,
          shift_y};
}

std::vector<AugmentParameters> draw_augmentations(uint64_t seed, const torch::Tensor& positions, double probability) {
  const auto draws = uniform_rows(seed, Purpose::kAugment, positions, kColumns);
  const auto normals = torch::special_ndtri(draws);
  const auto u = draws.accessor<double, 2>(), n = normals.accessor<double, 2>();
  const auto angle = [&](int64_t i, Column column) { return (2 * u[i][column] - 1) * std::numbers::pi; };
  std::vector<AugmentParameters> all(positions.size(0));
  for (int64_t i = 0; i < positions.size(0); ++i) {
    AugmentParameters& one = all[i];
    one.xflip = u[i][kXflip] < 0.5;
    if (u[i][kYflipFires] < probability) one.yflip = u[i][kYflip] < 0.5;
    if (u[i][kScaleFires] < probability) one.scale = n[i][kScale];
    if (u[i][kRotateFires] < probability) one.rotation = angle(i, kRotation);
    if (u[i][kStretchFires] < probability) {
      one.stretch = n[i][kStretch];
      if (u[i][kDirectionFires] < 0.5) one.stretch_direction = angle(i, kDirection);
    }
    if (u[i][kShiftFires] < probability) {
      one.shift_x = n[i][kShiftX];
      one.shift_y = n[i][kShiftY];
    }
  }
  return all;
}

AffineMap AffineMap::operator*(const AffineMap& o) const {
  return {a * o.a + b * o.d, a * o.b + b * o.e, a * o.c + b * o.f + c,
          d * o.a + e * o.d, d * o.b + e * o.e, d * o.c + e * o.f + f};
}

AffineMap inverse_map(const AugmentParameters& p, int64_t width, int64_t height) {
  const double s = std::exp2(-kScaleStd * p.scale), u = std::exp2(kStretchStd * p.stretch);
  return scaling(s, s) * rotation(p.rotation) * rotation(-p.stretch_direction) * scaling(1 / u, u) *
         rotation(p.stretch_direction) *
         translation(-p.shift_x * kShiftStd * static_cast<double>(width),
                     -p.shift_y * kShiftStd * static_cast<double>(height));
}

}  // namespace farfield
