#include "models/networks/fused_norm.h"

#include <gtest/gtest.h>

#include "core/math/random.h"
#include "tests/support/test_support.h"
#include "tests/support/thread_count.h"

namespace farfield {
namespace {

using torch::Tensor;

constexpr int64_t kBatch = 3, kChannels = 24, kGroups = 6;
constexpr double kEps = 1e-5;

Tensor drawn(torch::IntArrayRef shape, uint64_t key) {
  return torch::randn(shape, keyed_generator({key}), torch::kFloat32);
}

Tensor pictures(int64_t height, int64_t width, torch::ScalarType dtype) {
  return (drawn({kBatch, kChannels, height, width}, 1) * 3 - 1).to(dtype).contiguous(torch::MemoryFormat::ChannelsLast);
}

// The definition, in float64.
Tensor expected(const Tensor& x, const Tensor& weight, const Tensor& bias, const NormModulation& modulation) {
  const auto table = [](const Tensor& t) { return t.to(torch::kFloat64).unsqueeze(2).unsqueeze(3); };
  Tensor y = x.to(torch::kFloat64).contiguous();
  if (modulation.offset.defined()) y = y + table(modulation.offset);
  y = at::group_norm(y, kGroups, weight.to(torch::kFloat64), bias.to(torch::kFloat64), kEps);
  if (modulation.scale.defined()) y = y * (table(modulation.scale) + 1) + table(modulation.shift);
  return at::silu(y);
}

std::vector<NormModulation> modulations() {
  const Tensor a = drawn({kBatch, kChannels}, 2), b = drawn({kBatch, kChannels}, 3);
  return {{}, {.offset = a}, {.scale = a, .shift = b}, {.offset = b.to(torch::kBFloat16)}};
}

TEST(FusedNorm, IsTheThreeOperationsOneAfterTheOther) {
  const torch::NoGradGuard no_grad;
  const Tensor weight = drawn({kChannels}, 4), bias = drawn({kChannels}, 5);
  for (const auto& [height, width] : {std::pair{1, 1}, {3, 5}, {16, 16}, {7, 40}}) {  // 1, 1, 2 and 3 chunks of pixels
    for (const auto& modulation : modulations()) {
      const Tensor x = pictures(height, width, torch::kFloat32);
      Tensor out = torch::empty_like(x);
      fused_norm_silu(x, {weight, bias, kGroups, kEps}, modulation, out);
      EXPECT_LE(test::relative_deviation(out, expected(x, weight, bias, modulation)), 1e-6) << height << "x" << width;

      const Tensor half = x.to(torch::kBFloat16);
      const Tensor reference = expected(half, weight, bias, modulation);
      fused_norm_silu(half, {weight, bias, kGroups, kEps}, modulation, half);  // in place
      // Half a unit in the last of bfloat16's 8 digits, and what float32 adds near a tie.
      EXPECT_TRUE(((half.to(torch::kFloat64) - reference).abs() <= reference.abs() * 0x1.01p-8 + 1e-6).all().item<bool>());
    }
  }
}

// The variance must not drown in a large mean, nor silu's exponential overflow.
TEST(FusedNorm, KeepsItsDigitsWhereTheMeanIsLarge) {
  const torch::NoGradGuard no_grad;
  const Tensor weight = torch::ones({kChannels}) * 40, bias = torch::zeros({kChannels});
  const Tensor x = pictures(16, 16, torch::kFloat32) + 1000;
  Tensor out = torch::empty_like(x);
  fused_norm_silu(x, {weight, bias, kGroups, kEps}, {}, out);
  EXPECT_LE(test::relative_deviation(out, expected(x, weight, bias, {})), 1e-4);  // x itself has 6e-5 at 1000
  EXPECT_TRUE(out.isfinite().all().item<bool>());
}

TEST(FusedNorm, SumsDoNotDependOnTheThreads) {
  const torch::NoGradGuard no_grad;
  const Tensor weight = drawn({kChannels}, 4), bias = drawn({kChannels}, 5), x = pictures(32, 32, torch::kFloat32);
  Tensor one = torch::empty_like(x), two = torch::empty_like(x);
  {
    const test::ThreadCount threads(1);
    fused_norm_silu(x, {weight, bias, kGroups, kEps}, {}, one);
  }
  const test::ThreadCount threads(2);
  fused_norm_silu(x, {weight, bias, kGroups, kEps}, {}, two);
  EXPECT_TRUE(torch::equal(one, two));
}

TEST(FusedNorm, LeavesGradientsAndOtherFormatsToTheSeparateOperations) {
  const Tensor x = pictures(4, 4, torch::kFloat32);
  EXPECT_FALSE(can_fuse_norm(x));
  const torch::NoGradGuard no_grad;
  EXPECT_TRUE(can_fuse_norm(x));
  EXPECT_FALSE(can_fuse_norm(x.contiguous()));
  EXPECT_FALSE(can_fuse_norm(x.to(torch::kFloat64)));
}

}  // namespace
}  // namespace farfield
