#include "train/draws.h"

#include <algorithm>

#include "core/math/random.h"

namespace farfield {
namespace {

constexpr double kCell = 0x1p-53, kLargest = 1 - kCell;

uint64_t key_of(uint64_t seed, Purpose purpose, int64_t position) {
  return mix_key({seed, static_cast<uint64_t>(purpose), static_cast<uint64_t>(position)});
}

// The middle of one of 2^53 cells: never 0; the last one would round to 1.
double open_uniform(uint64_t bits) { return std::min((static_cast<double>(bits >> 11) + 0.5) * kCell, kLargest); }

}  // namespace

torch::Tensor uniform_draws(uint64_t seed, Purpose purpose, const torch::Tensor& positions) {
  auto draws = torch::empty(positions.size(0), torch::kFloat64);
  const auto at = positions.accessor<int64_t, 1>();
  auto out = draws.accessor<double, 1>();
  for (int64_t row = 0; row < at.size(0); ++row) {
    out[row] = open_uniform(key_of(seed, purpose, at[row]));
  }
  return draws;
}

torch::Tensor uniform_rows(uint64_t seed, Purpose purpose, const torch::Tensor& positions, int64_t columns) {
  auto draws = torch::empty({positions.size(0), columns}, torch::kFloat64);
  const auto at = positions.accessor<int64_t, 1>();
  auto out = draws.accessor<double, 2>();
  for (int64_t row = 0; row < at.size(0); ++row) {
    SplitMix64 stream(key_of(seed, purpose, at[row]));
    for (int64_t column = 0; column < columns; ++column) out[row][column] = open_uniform(stream.next());
  }
  return draws;
}

torch::Tensor normal_draws(uint64_t seed, Purpose purpose, const torch::Tensor& positions, torch::IntArrayRef shape) {
  std::vector<int64_t> sizes{positions.size(0)};
  sizes.insert(sizes.end(), shape.begin(), shape.end());
  auto draws = torch::empty(sizes, torch::kFloat32);
  const auto at = positions.accessor<int64_t, 1>();
  for (int64_t row = 0; row < at.size(0); ++row) {
    draws[row].normal_(0, 1, keyed_generator({seed, static_cast<uint64_t>(purpose), static_cast<uint64_t>(at[row])}));
  }
  return draws;
}

}  // namespace farfield
