#include "models/operators/kernels.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>
#include <vector>

#include "core/math/random.h"

namespace farfield {
namespace {

using Path = std::vector<std::pair<double, double>>;

// Positions (row, column) with mean 0, at most `reach` away from it along either axis.
Path shaken_path(int64_t steps, double intensity, double reach, int64_t seed) {
  SplitMix64 random(mix_key({static_cast<uint64_t>(seed)}));
  double heading = random.between(0, 2 * std::numbers::pi), pace = 1;
  Path path = {{0, 0}};
  for (int64_t i = 1; i < steps; ++i) {
    heading += 0.5 * std::numbers::pi * intensity * random.irwin_hall() / std::sqrt(static_cast<double>(steps) / 4);
    pace = std::clamp(pace + 0.25 * intensity * random.irwin_hall(), 0.5, 1.0);
    path.emplace_back(path.back().first + pace * std::sin(heading), path.back().second + pace * std::cos(heading));
  }
  double row = 0, column = 0, farthest = 0;
  for (const auto& [r, c] : path) {
    row += r / static_cast<double>(steps);
    column += c / static_cast<double>(steps);
  }
  for (auto& [r, c] : path) {
    r -= row;
    c -= column;
    farthest = std::max({farthest, std::abs(r), std::abs(c)});
  }
  const double scale = farthest > reach ? reach / farthest : 1;
  for (auto& [r, c] : path) {
    r *= scale;
    c *= scale;
  }
  return path;
}

}  // namespace

torch::Tensor gaussian_kernel(int64_t size, double deviation) {
  const torch::Tensor places = torch::arange(size, torch::kFloat64) - static_cast<double>(size / 2);
  const torch::Tensor line = (places.square() / (-2 * deviation * deviation)).exp();
  const torch::Tensor kernel = line.unsqueeze(1) * line;
  return kernel / kernel.sum();
}

torch::Tensor motion_kernel(int64_t size, double intensity, int64_t seed) {
  torch::Tensor kernel = torch::zeros({size, size}, torch::kFloat64);
  auto at = kernel.accessor<double, 2>();
  const auto centre = static_cast<double>(size / 2);
  const double reach = std::max(0.0, static_cast<double>((size - 1) / 2) - 1);
  for (const auto& [row, column] : shaken_path(size, intensity, reach, seed)) {
    const double r = centre + row, c = centre + column;
    const auto top = static_cast<int64_t>(std::floor(r)), left = static_cast<int64_t>(std::floor(c));
    for (int64_t i = 0; i < 4; ++i) {
      const int64_t y = top + i / 2, x = left + i % 2;
      const double share = (1 - std::abs(r - static_cast<double>(y))) * (1 - std::abs(c - static_cast<double>(x)));
      if (share > 0) at[y][x] += share;
    }
  }
  return kernel / kernel.sum();
}

}  // namespace farfield
