#include "samplers/solvers/brownian.h"

#include <cmath>
#include <limits>

#include "samplers/schedules/noise_levels.h"
#include "tests/support/test_support.h"
#include "tests/support/thread_count.h"

namespace farfield {
namespace {

const std::vector<int64_t> kSeeds = {0, 7, 123456789, 3};

TEST(Brownian, is_a_function_of_the_level_whatever_was_asked_before) {
  const std::vector<double> levels = {80,  1e-8,  3.7, 1024, 3.7000001,    0.002, 79.5,
                                      0.5, 1e-12, 2,   56.1, 4294967296.0, 1e-60};
  BrownianPath forward(kSeeds, {3, 5}), backward(kSeeds, {3, 5});
  std::vector<torch::Tensor> first;
  for (const double level : levels) first.push_back(forward.at(level));
  for (size_t i = levels.size(); i-- > 0;) {
    EXPECT_TRUE(torch::equal(backward.at(levels[i]), first[i])) << levels[i];
    EXPECT_TRUE(torch::equal(BrownianPath(kSeeds, {3, 5}).at(levels[i]), first[i])) << levels[i];
  }
  EXPECT_TRUE(torch::equal(forward.at(0), torch::zeros({4, 3, 5}, torch::kFloat64)));
}

TEST(Brownian, a_row_depends_on_its_seed_alone_not_on_batch_or_threads) {
  std::vector<int64_t> seeds;
  for (int64_t i = 0; i < 64; ++i) seeds.push_back(5000 - 3 * i);
  const test::ThreadCount one(1);
  BrownianPath whole(seeds, {9});
  const auto all = whole.increment(7.3, 0.02);
  for (const size_t batch : {size_t{1}, size_t{7}}) {
    for (size_t first = 0; first < seeds.size(); first += batch) {
      const auto some = std::span(seeds).subspan(first, std::min(batch, seeds.size() - first));
      EXPECT_TRUE(torch::equal(BrownianPath(some, {9}).increment(7.3, 0.02), all.narrow(0, first, some.size())));
    }
  }
  const test::ThreadCount many(3);
  EXPECT_TRUE(torch::equal(BrownianPath(seeds, {9}).increment(7.3, 0.02), all));
  EXPECT_TRUE(torch::equal(BrownianPath(std::vector<int64_t>{7, 4294967303}, {9}).at(1)[0],
                           BrownianPath(std::vector<int64_t>{4294967303}, {9}).at(1)[0]))
      << "seeds count mod 2^32, as for latents";
}

TEST(Brownian, increments_of_a_finer_grid_sum_to_those_of_a_coarser_one) {
  BrownianPath path(kSeeds, {6});
  for (const double sigma_min : {0.002, 1e-8}) {
    const auto fine = noise_levels({.steps = 40, .sigma_min = sigma_min});
    const auto total = [&](const std::vector<double>& levels) {
      auto sum = torch::zeros({4, 6}, torch::kFloat64);
      for (size_t i = 0; i + 1 < levels.size(); ++i) {
        sum += path.increment(levels[i], levels[i + 1]) * std::sqrt(levels[i] - levels[i + 1]);
      }
      return sum;
    };
    const auto coarse = path.increment(fine.front(), fine.back()) * std::sqrt(fine.front() - fine.back());
    EXPECT_LE(test::deviation(total(fine), coarse), 1e-12);
    EXPECT_LE(test::deviation(total(noise_levels({.steps = 20, .sigma_min = sigma_min})), coarse), 1e-12);
    std::vector<double> every_other;
    for (size_t i = 0; i < fine.size(); i += 2) every_other.push_back(fine[i]);
    EXPECT_LE(test::deviation(total(every_other), coarse), 1e-12);
  }
}

// Var[W(s)] = s and Cov[W(s), W(t)] = min(s, t), over many elements of few seeds; 5 standard errors.
TEST(Brownian, has_the_covariance_of_brownian_motion) {
  constexpr int64_t kCount = 40'000;
  const test::ThreadCount one(1);
  BrownianPath path(std::vector<int64_t>{1, 2}, {kCount / 2});
  const std::vector<double> levels = {1e-8, 0.002, 0.3, 0.30001, 1, 1.5, 63.99, 64, 64.01, 80};
  std::vector<torch::Tensor> scaled;  // W(s) / sqrt(s)
  for (const double level : levels) scaled.push_back(path.at(level).flatten() / std::sqrt(level));
  const double error = 5 / std::sqrt(static_cast<double>(kCount));
  for (size_t i = 0; i < levels.size(); ++i) {
    EXPECT_NEAR(scaled[i].mean().item<double>(), 0, error) << levels[i];
    EXPECT_NEAR(scaled[i].pow(4).mean().item<double>(), 3, error * std::sqrt(96.0)) << levels[i];
    for (size_t j = i; j < levels.size(); ++j) {
      EXPECT_NEAR((scaled[i] * scaled[j]).mean().item<double>(), std::sqrt(levels[i] / levels[j]),
                  error * std::sqrt(2.0))
          << levels[i] << " and " << levels[j];
    }
  }
}

TEST(Brownian, increments_are_unit_normals_and_independent_of_each_other) {
  constexpr int64_t kCount = 20'000;
  const test::ThreadCount one(1);
  BrownianPath path(std::vector<int64_t>{8}, {kCount});
  const std::vector<double> levels = {80, 79.999999, 41, 40.96, 5, 0.1, 0.0999999999, 1e-8, 0};
  std::vector<torch::Tensor> increments;
  for (size_t i = 0; i + 1 < levels.size(); ++i)
    increments.push_back(path.increment(levels[i], levels[i + 1]).flatten());
  const double error = 5 / std::sqrt(static_cast<double>(kCount));
  for (size_t i = 0; i < increments.size(); ++i) {
    for (size_t j = i; j < increments.size(); ++j) {
      EXPECT_NEAR((increments[i] * increments[j]).mean().item<double>(), i == j ? 1 : 0, error * std::sqrt(2.0))
          << i << j;
    }
  }
  EXPECT_TRUE(torch::equal(path.increment(5, 0.1), -path.increment(0.1, 5)));
}

TEST(Brownian, seeds_and_elements_are_independent) {
  std::vector<int64_t> seeds;
  for (int64_t i = 0; i < 20'000; ++i) seeds.push_back(i);
  const test::ThreadCount one(1);
  const auto z = BrownianPath(seeds, {2}).increment(10, 3);
  const double error = 5 / std::sqrt(20'000.0);
  EXPECT_NEAR((z.narrow(0, 1, 19'999) * z.narrow(0, 0, 19'999)).mean().item<double>(), 0, error)
      << "neighbouring seeds";
  EXPECT_NEAR((z.select(1, 0) * z.select(1, 1)).mean().item<double>(), 0, error) << "elements of a sample";
  EXPECT_NEAR(z.square().mean().item<double>(), 1, error * 1.5);
}

TEST(Brownian, levels_it_cannot_hold_are_refused) {
  BrownianPath path(kSeeds, {2});
  for (const double level : {1e10, -1.0, 1e-70, std::numeric_limits<double>::quiet_NaN()}) {
    const auto error = test::error_of([&] { path.at(level); });
    ASSERT_TRUE(error) << level;
    EXPECT_EQ(error->code(), ExitCode::kUsage);
  }
}

}  // namespace
}  // namespace farfield
