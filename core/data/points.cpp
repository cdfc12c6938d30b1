#include <cmath>
#include <functional>

#include "core/data/readers.h"
#include "core/math/random.h"

namespace farfield {
namespace {

struct Point {
  double x, y;
};

// Uniform on the unit circle by rejection: exact arithmetic only, so the same on every machine.
Point on_circle(SplitMix64& random) {
  for (;;) {
    const double x = random.between(-1, 1), y = random.between(-1, 1), square = x * x + y * y;
    if (square > 1e-6 && square <= 1) return {x / std::sqrt(square), y / std::sqrt(square)};
  }
}

Point moons(SplitMix64& random) {
  constexpr double kNoise = 0.05;
  const bool upper = random.below(2) == 0;
  const Point on = on_circle(random);
  const double x = upper ? on.x - 0.5 : on.x + 0.5;
  const double y = upper ? std::abs(on.y) - 0.25 : 0.25 - std::abs(on.y);
  return {x + kNoise * random.irwin_hall(), y + kNoise * random.irwin_hall()};
}

Point rings(SplitMix64& random) {
  constexpr double kNoise = 0.03;
  const double radius = (1.0 + static_cast<double>(random.below(3))) / 2.0;
  const Point on = on_circle(random);
  return {radius * on.x + kNoise * random.irwin_hall(), radius * on.y + kNoise * random.irwin_hall()};
}

Point swissroll(SplitMix64& random) {
  constexpr double kNoise = 0.03, kTurn = 4.71238898038469;  // 1.5 pi
  const double angle = kTurn * (1 + 2 * random.uniform());
  const double radius = 0.12 * angle;
  return {radius * std::cos(angle) + kNoise * random.irwin_hall(),
          radius * std::sin(angle) + kNoise * random.irwin_hall()};
}

Point checkerboard(SplitMix64& random) {
  const auto column = random.below(4), pair = random.below(2);
  const auto row = 2 * pair + column % 2;
  return {static_cast<double>(column) - 2 + random.uniform(), static_cast<double>(row) - 2 + random.uniform()};
}

Point grid(SplitMix64& random) {
  constexpr double kNoise = 0.05;
  const double column = static_cast<double>(random.below(5)), row = static_cast<double>(random.below(5));
  return {(column - 2) * 0.75 + kNoise * random.irwin_hall(), (row - 2) * 0.75 + kNoise * random.irwin_hall()};
}

// Point i is drawn from a stream of its own, (seed, i): more points leave the first ones as they were.
RawSamples draw(const SourceRequest& request, Point (*shape)(SplitMix64&)) {
  const int64_t count = std::min(request.integer("count", 2048, 1, 100'000'000), request.first());
  const auto seed = static_cast<uint64_t>(request.integer("seed", 0, 0, INT64_MAX));
  RawSamples raw;
  raw.samples = torch::empty({count, 2}, torch::kFloat32);
  float* out = raw.samples.data_ptr<float>();
  for (int64_t i = 0; i < count; ++i) {
    SplitMix64 random(mix_key({seed, static_cast<uint64_t>(i)}));
    const Point point = shape(random);
    out[2 * i] = static_cast<float>(point.x);
    out[2 * i + 1] = static_cast<float>(point.y);
  }
  return raw;
}

}  // namespace

RawSamples make_moons(const SourceRequest& request) { return draw(request, moons); }
RawSamples make_rings(const SourceRequest& request) { return draw(request, rings); }
RawSamples make_swissroll(const SourceRequest& request) { return draw(request, swissroll); }
RawSamples make_checkerboard(const SourceRequest& request) { return draw(request, checkerboard); }
RawSamples make_grid(const SourceRequest& request) { return draw(request, grid); }

}  // namespace farfield
