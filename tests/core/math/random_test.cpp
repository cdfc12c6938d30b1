#include "core/math/random.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <set>

#include <ATen/Version.h>
#include <gtest/gtest.h>

#include "tests/support/test_support.h"

namespace farfield {
namespace {

// Numbers of Python's torch.Generator().manual_seed(seed mod 2^32), torch 2.13.0, as bits. `few`: randn(3). The rest
// is one stream: randn(20) (entries 0, 7, 19), randint(10), randn(20) and randn(3) in float64, rand(2).
struct PythonStream {
  int64_t seed;
  uint32_t few[3], many[3];
  int64_t label;
  uint64_t many_double[2], few_double[2];
  uint32_t uniform[2];
};
const PythonStream kPython[] = {
    {0,
     {0x3fc53f5cu, 0xbe963c50u, 0xc00b7149u},
     {0xbf901b85u, 0x3fed2f4eu, 0x3d5c1b3au},
     2,
     {0xbff0a31ef8826933ull, 0xbfbc229eafdac62full},
     {0xbfe8f8480d1341f2ull, 0xbfe247f7fba630b3ull},
     {0x3f05c694u, 0x3f12ace3u}},
    {1,
     {0x3f294e60u, 0x3e88aa47u, 0x3d7ca14bu},
     {0xbfc346bau, 0x3f4eabc1u, 0x3fdbafceu},
     3,
     {0x3fec66e88685dc16ull, 0x3f9f4908bc4dc478ull},
     {0x3ff69ba7f010bfc2ull, 0xc004e512190d1f60ull},
     {0x3f4f84beu, 0x3e0d74b8u}},
    {42,
     {0x3eac62aeu, 0x3e03e69du, 0x3e7016e7u},
     {0x3ff6a529u, 0x3fd71e93u, 0xbf1f20e0u},
     9,
     {0xbfc2a7f87b065f93ull, 0xc0056ab58dc12814ull},
     {0xbff9b1cce258c907ull, 0x3fdf3b48ad316903ull},
     {0x3d75ebd0u, 0x3e91b24eu}},
    {2147483648,
     {0xbeb939cfu, 0x3f88f430u, 0x3dbb507au},
     {0xbfec5d4cu, 0xbf9bd3bdu, 0x3f3c11b7u},
     6,
     {0x3fd4bd44e5463750ull, 0x3f8ac02c392342a0ull},
     {0xbfe08fb865ffac37ull, 0xbfdf03e24526f92eull},
     {0x3f042599u, 0x3e33413cu}},
    {4294967295,
     {0x3f9c2132u, 0xbec9349bu, 0x3f82f420u},
     {0xc02a83dau, 0xc0498e0eu, 0xbf9ad721u},
     8,
     {0x3ff6f246581f45a0ull, 0x3fe6ea77ff4bf98dull},
     {0x400311acbc1e0dc7ull, 0x3fc2f6b142152258ull},
     {0x3ed5dc0eu, 0x3f19c9fau}},
    {4294967303,
     {0xbe165174u, 0x3f49408eu, 0x3f7262e7u},
     {0xbf51f456u, 0xbf397989u, 0xbeb6a456u},
     6,
     {0x3fc0fba035f99382ull, 0xbff56898bef3c352ull},
     {0x3fe74ab059429e3dull, 0xbff087eaf7ffb835ull},
     {0x3e87ae86u, 0x3e5e49b8u}},
    {INT64_MAX,
     {0x3f9c2132u, 0xbec9349bu, 0x3f82f420u},
     {0xc02a83dau, 0xc0498e0eu, 0xbf9ad721u},
     8,
     {0x3ff6f246581f45a0ull, 0x3fe6ea77ff4bf98dull},
     {0x400311acbc1e0dc7ull, 0x3fc2f6b142152258ull},
     {0x3ed5dc0eu, 0x3f19c9fau}},
};

float as_float(uint32_t bits) { return std::bit_cast<float>(bits); }

TEST(SampleRandom, HasTheBitsOfPythonsPerSeedGenerators) {
  // Sixteen and more float32 normals are made by vector code whose last bit is another without AVX2.
  const bool vectors = at::get_cpu_capability() != "DEFAULT";
  for (const auto& python : kPython) {
    SCOPED_TRACE(python.seed);
    SampleRandom fresh(python.seed), stream(python.seed);
    const auto few = fresh.normal({3}, torch::kFloat32);
    for (int i = 0; i < 3; ++i) EXPECT_EQ(few[i].item<float>(), as_float(python.few[i]));
    const auto many = stream.normal({4, 5}, torch::kFloat32).flatten();
    for (int i = 0; i < 3; ++i) {
      const float got = many[i == 0 ? 0 : i == 1 ? 7 : 19].item<float>(), expected = as_float(python.many[i]);
      EXPECT_NEAR(got, expected, vectors ? 0 : 1e-6);
    }
    EXPECT_EQ(stream.integer(10), python.label);
    const auto doubles = stream.normal({20}, torch::kFloat64);
    EXPECT_EQ(doubles[0].item<double>(), std::bit_cast<double>(python.many_double[0]));
    EXPECT_EQ(doubles[19].item<double>(), std::bit_cast<double>(python.many_double[1]));
    const auto few_doubles = stream.normal({3}, torch::kFloat64);
    EXPECT_EQ(few_doubles[0].item<double>(), std::bit_cast<double>(python.few_double[0]));
    EXPECT_EQ(few_doubles[1].item<double>(), std::bit_cast<double>(python.few_double[1]));
    const auto uniform = stream.uniform({2}, torch::kFloat32);
    EXPECT_EQ(uniform[0].item<float>(), as_float(python.uniform[0]));
    EXPECT_EQ(uniform[1].item<float>(), as_float(python.uniform[1]));
  }
}

TEST(SampleRandom, IgnoresTheGlobalSeedAndOtherStreams) {
  torch::manual_seed(1);
  const auto alone = SampleRandom(5).normal({64}, torch::kFloat32);
  torch::manual_seed(2);
  SampleRandom neighbour(6), again(5);
  neighbour.normal({1000}, torch::kFloat32);
  EXPECT_TRUE(torch::equal(alone, again.normal({64}, torch::kFloat32)));
  EXPECT_FALSE(torch::equal(alone, neighbour.normal({64}, torch::kFloat32)));
}

TEST(KeyedGenerator, EveryKeyHasItsOwnStream) {
  const auto draw = [](std::initializer_list<uint64_t> key) {
    auto generator = keyed_generator(key);
    return torch::randn({8}, generator, torch::kFloat64);
  };
  EXPECT_TRUE(torch::equal(draw({1, 2}), draw({1, 2})));
  const std::initializer_list<uint64_t> keys[] = {{1, 2}, {2, 1}, {1}, {1, 2, 0}, {1ULL << 32, 2}, {}};
  std::set<double> first;
  for (const auto& key : keys) first.insert(draw(key)[0].item<double>());
  EXPECT_EQ(first.size(), std::size(keys));
}

TEST(KeyedGenerator, DrawsStandardNormals) {
  auto generator = keyed_generator({7, 100'000});
  const auto draws = torch::randn({200'000}, generator, torch::kFloat64);
  EXPECT_NEAR(draws.mean().item<double>(), 0, 0.01);
  EXPECT_NEAR(draws.std().item<double>(), 1, 0.01);
}

TEST(SplitMix64, IsThePublishedSequence) {
  SplitMix64 random(1234567);  // reference values of Vigna's splitmix64.c
  for (const uint64_t expected : {6457827717110365317ULL, 3203168211198807973ULL, 9817491932198370423ULL}) {
    EXPECT_EQ(random.next(), expected);
  }
}

TEST(SplitMix64, StaysWithinItsBounds) {
  SplitMix64 random(3);
  double sum = 0, squares = 0;
  std::vector<int> counts(7);
  for (int i = 0; i < 70'000; ++i) {
    const double uniform = random.uniform(), normal = random.irwin_hall();
    ASSERT_TRUE(uniform >= 0 && uniform < 1 && normal >= -6 && normal <= 6);
    sum += normal;
    squares += normal * normal;
    ++counts.at(random.below(7));
  }
  EXPECT_NEAR(sum / 70'000, 0, 0.02);
  EXPECT_NEAR(squares / 70'000, 1, 0.02);
  for (const int count : counts) EXPECT_NEAR(count, 10'000, 400);
}

TEST(FillNormal, is_normal_keyed_and_the_same_for_every_count) {
  constexpr int64_t kCount = 100'000;
  std::vector<double> values(kCount), other(kCount), few(7);
  fill_normal(mix_key({1, 2}), values.data(), kCount);
  fill_normal(mix_key({1, 3}), other.data(), kCount);
  fill_normal(mix_key({1, 2}), few.data(), 7);
  EXPECT_TRUE(std::equal(few.begin(), few.end(), values.begin()));
  double moments[5] = {}, crossed = 0, neighbours = 0;
  for (int64_t i = 0; i < kCount; ++i) {
    for (int k = 1; k <= 4; ++k) moments[k] += std::pow(values[i], k) / kCount;
    crossed += values[i] * other[i] / kCount;
    if (i > 0) neighbours += values[i] * values[i - 1] / kCount;
  }
  const double error = 5 / std::sqrt(static_cast<double>(kCount));
  EXPECT_NEAR(moments[1], 0, error);
  EXPECT_NEAR(moments[2], 1, error * std::sqrt(2.0));
  EXPECT_NEAR(moments[3], 0, error * std::sqrt(15.0));
  EXPECT_NEAR(moments[4], 3, error * std::sqrt(96.0));
  EXPECT_NEAR(crossed, 0, error);
  EXPECT_NEAR(neighbours, 0, error);
}

TEST(FillMask, DropsAsOftenAsAskedAndIsAFunctionOfTheKey) {
  constexpr int64_t kCount = 400'001;
  std::vector<float> mask(kCount), other(kCount), few(8, -1);
  for (const double p : {0.0, 0.13, 0.5, 0.9}) {
    fill_mask(mix_key({1, 2}), p, 2.5f, mask.data(), kCount);
    fill_mask(mix_key({1, 3}), p, 2.5f, other.data(), kCount);
    fill_mask(mix_key({1, 2}), p, 2.5f, few.data(), 7);
    const auto at = [](const std::vector<float>& values) { return torch::tensor(values) == 0; };
    const auto share = [](const torch::Tensor& events) { return events.to(torch::kFloat64).mean().item<double>(); };
    const double error = 5 * std::sqrt(p * (1 - p) / kCount);
    EXPECT_NEAR(share(at(mask)), p, error) << p;
    EXPECT_NEAR(share(at(mask) & at(other)), p * p, error) << p;                             // keys are independent
    EXPECT_NEAR(share(at(mask).slice(0, 1) & at(mask).slice(0, 0, -1)), p * p, error) << p;  // so are neighbours
    EXPECT_EQ(std::count(mask.begin(), mask.end(), 2.5f) + std::count(mask.begin(), mask.end(), 0.0f), kCount);
    EXPECT_TRUE(std::equal(few.begin(), few.begin() + 6, mask.begin()));
    EXPECT_EQ(few[7], -1) << "beyond its end";
  }
}

}  // namespace
}  // namespace farfield
