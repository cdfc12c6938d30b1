#pragma once

#include <cstdint>

#include <torch/types.h>

namespace farfield {

// The random numbers of training. Each is a function of (seed, purpose, position of the sample in the endless stream of
// training images) and of nothing else: not of the batch, its split, the rank or what ran before. Resume is exact by
// construction. positions: [B] int64; results on the CPU, row b belongs to positions[b].
enum class Purpose : uint64_t {
  kNoiseLevel = 1,
  kNoise = 2,
  kFlip = 3,
  kDropout = 4,
  kInitialisation = 5,
  kAugment = 6
};

// [B] float64 in (0, 1), uniform.
torch::Tensor uniform_draws(uint64_t seed, Purpose purpose, const torch::Tensor& positions);
// [B, columns] float64 in (0, 1), uniform: the numbers one sample needs for one purpose.
torch::Tensor uniform_rows(uint64_t seed, Purpose purpose, const torch::Tensor& positions, int64_t columns);
// [B, ...shape] float32, standard normal.
torch::Tensor normal_draws(uint64_t seed, Purpose purpose, const torch::Tensor& positions, torch::IntArrayRef shape);

}  // namespace farfield
