#include "analysis/similarity/similarity_run.h"

#include <gtest/gtest.h>

#include "analysis/similarity/perceptual_distance.h"
#include "core/error.h"
#include "core/io/npz.h"
#include "tests/support/scripted_network.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

using test::error_of;
using test::save_network;

constexpr const char* kItself = "def forward(self, x):\n  return [x]\n";
// Two maps: the image's rows against their neighbours, and its means over 2 x 2 pixels.
constexpr const char* kTwoMaps =
    "def forward(self, x):\n  return (torch.cat([x, x.roll(1, 2)], 1), torch.avg_pool2d(x, [2, 2]))\n";

torch::Tensor images_of(int64_t seed, int64_t channels, int64_t count = 5) {
  torch::manual_seed(seed);
  return torch::rand({count, channels, 8, 6}) * 2 - 1;
}

torch::Tensor distance_of(const std::string& network, const torch::Tensor& a, const torch::Tensor& b, bool resize) {
  const PerceptualDistance distance(network, a.sizes().slice(1).vec(), resize, true, torch::kCPU);
  return distance(a, b).sum(1);
}

TEST(PerceptualDistance, IdentityIsTheSquaredError) {
  const test::TempDir folder;
  const auto network = save_network(folder / "i.pt", kItself, "{quantised: false, normalise: false}").string();
  for (const int64_t channels : {1, 2, 3}) {
    const torch::Tensor a = images_of(1, channels), b = images_of(2, channels);
    const torch::Tensor error =
        (a - b).to(torch::kFloat64).square().sum(1).mean({1, 2});  // a pixel's, over its channels
    EXPECT_LT(test::relative_deviation(distance_of(network, a, b, false), error), 1e-6) << channels;
  }
}

TEST(PerceptualDistance, IsADistance) {
  const test::TempDir folder;
  const auto network = save_network(folder / "t.pt", kTwoMaps, "{channels: 3}").string();
  const torch::Tensor a = images_of(1, 1), b = images_of(2, 1);
  for (const bool resize : {false, true}) {
    const torch::Tensor there = distance_of(network, a, b, resize);
    EXPECT_EQ(distance_of(network, a, a, resize).abs().max().item<double>(), 0);
    EXPECT_TRUE(there.equal(distance_of(network, b, a, resize)));
    EXPECT_GT(there.min().item<double>(), 0);
  }
  EXPECT_GT((distance_of(network, a, b, false) - distance_of(network, a, b, true)).abs().max().item<double>(), 1e-3)
      << "resizing matters";
}

TEST(PerceptualDistance, IsTheFormula) {
  const test::TempDir folder;
  const torch::Tensor w0 = torch::tensor({0.5, 2.0, 0.0, 1.0}, torch::kFloat64),
                      w1 = torch::tensor({3.0, 1.0}, torch::kFloat64);
  write_npz(folder / "w.npz", {{"0", w0}, {"1", w1}});
  const auto network = save_network(folder / "t.pt", kTwoMaps, "{quantised: false, weights: w.npz}").string();
  const torch::Tensor a = images_of(1, 2), b = images_of(2, 2);
  const auto maps = [](const torch::Tensor& x) {
    return std::vector<torch::Tensor>{torch::cat({x, x.roll(1, 2)}, 1), torch::avg_pool2d(x, {2, 2})};
  };
  torch::Tensor expected = torch::zeros({5}, torch::kFloat64);
  for (size_t l = 0; l < 2; ++l) {
    const torch::Tensor f = maps(a)[l].to(torch::kFloat64), g = maps(b)[l].to(torch::kFloat64);
    const torch::Tensor& w = l == 0 ? w0 : w1;
    for (int64_t n = 0; n < 5; ++n) {
      for (int64_t i = 0; i < f.size(2); ++i) {
        for (int64_t j = 0; j < f.size(3); ++j) {
          const torch::Tensor p = f[n].select(1, i).select(1, j), q = g[n].select(1, i).select(1, j);
          const torch::Tensor step = p / (p.norm() + 1e-10) - q / (q.norm() + 1e-10);
          expected[n] += (w * step.square()).sum() / static_cast<double>(f.size(2) * f.size(3));
        }
      }
    }
  }
  EXPECT_LT(test::relative_deviation(distance_of(network, a, b, false), expected), 1e-5);
}

TEST(PerceptualDistance, WeightsMustFit) {
  const test::TempDir folder;
  const auto network = save_network(folder / "t.pt", kTwoMaps, "{weights: w.npz}").string();
  const torch::Tensor a = images_of(1, 2);
  const auto refused = [&](const std::map<std::string, torch::Tensor>& weights, const std::string& words) {
    write_npz(folder / "w.npz", weights);
    const auto error = error_of([&] { distance_of(network, a, a, false); });
    EXPECT_EQ(error->code(), ExitCode::kBadFile);
    EXPECT_NE(std::string(error->what()).find(words), std::string::npos) << error->what();
  };
  refused({{"0", torch::ones({4})}}, "weights of 1 maps, the network returns 2");
  refused({{"0", torch::ones({3})}, {"1", torch::ones({2})}}, "map 0 has 4 channels, but 3 weights");
  refused({{"0", -torch::ones({4})}, {"1", torch::ones({2})}}, "at least 0");
  refused({{"x", torch::ones({4})}}, "expected weights");
  EXPECT_EQ(error_of([&] { distance_of("pixels", a, a, false); })->code(), ExitCode::kUsage);
}

SimilarityInputs inputs_of(const torch::Tensor& a, const torch::Tensor& b, const torch::Tensor& seeds_a = {},
                           const torch::Tensor& seeds_b = {}) {
  return {SampleSource("a", a, seeds_a), SampleSource("b", b, seeds_b), "", true, false, torch::kCPU, 2};
}

TEST(Similarity, PairsAreThoseOfEqualSeeds) {
  const torch::Tensor a = images_of(1, 1), order = torch::tensor({3, 1, 4, 0, 2}, torch::kInt64);
  const torch::Tensor seeds = torch::tensor({10, 11, 12, 13, 14}, torch::kInt64);
  const SimilarityRun same = run_similarity(
      inputs_of(a, a.index_select(0, order), seeds, seeds.index_select(0, order)));
  EXPECT_EQ(same.mse.abs().max().item<double>(), 0);
  EXPECT_NE(similarity_headline(same).find("5 pairs are the same"), std::string::npos) << similarity_headline(same);
  const SimilarityRun unseeded = run_similarity(inputs_of(a, a.index_select(0, order)));
  const torch::Tensor expected = (a - a.index_select(0, order)).to(torch::kFloat64).square().flatten(1).mean(1);
  EXPECT_LT(test::deviation(unseeded.mse, expected), 1e-12);
}

TEST(Similarity, WhatIsNoPairIsNamed) {
  const torch::Tensor a = images_of(1, 1), seeds = torch::arange(5, torch::kInt64);
  const auto words = [](const SimilarityInputs& inputs) {
    const auto error = error_of([&] { run_similarity(inputs); });
    EXPECT_EQ(error->code(), ExitCode::kUsage);
    return std::string(error->what());
  };
  EXPECT_NE(words(inputs_of(a, a.narrow(0, 0, 4))).find("5 of [1,8,6] in 'a' against 4 of [1,8,6] in 'b'"),
            std::string::npos);
  EXPECT_NE(words(inputs_of(a, a, seeds, seeds + 1)).find("seed 0 of 'a' is not in 'b'"), std::string::npos);
  EXPECT_NE(words(inputs_of(a, a, seeds, seeds * 0)).find("twice"), std::string::npos);
  torch::Tensor broken = a.clone();
  broken[3][0][0][0] = NAN;
  const auto error = error_of([&] { run_similarity(inputs_of(a, broken)); });
  EXPECT_EQ(error->code(), ExitCode::kNumeric);
  EXPECT_NE(std::string(error->what()).find("pair 3"), std::string::npos) << error->what();
}

TEST(Similarity, TheTableHasEveryPair) {
  const test::TempDir folder;
  const auto network = save_network(folder / "t.pt", kTwoMaps, "{channels: 3}").string();
  SimilarityInputs inputs = inputs_of(images_of(1, 1), images_of(2, 1));
  inputs.features = network;
  inputs.trust = true;
  const SimilarityRun run = run_similarity(inputs);
  const Table table = similarity_table(run);
  EXPECT_EQ(table.columns.back(), "perceptual");
  EXPECT_EQ(table.rows.size(), 5u);
  EXPECT_EQ(run.maps.sizes(), torch::IntArrayRef({5, 2}));
  EXPECT_LT(test::deviation(run.distance(), distance_of(network, images_of(1, 1), images_of(2, 1), true)), 1e-6);
}

}  // namespace
}  // namespace farfield
