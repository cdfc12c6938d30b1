#include "analysis/smoothing/learned_score.h"

#include <cmath>

#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include "analysis/smoothing/smoothing_run.h"
#include "analysis/smoothing/weight_decay.h"

namespace farfield {
namespace {

// 004, Fig 1 centre, with 64 units, which take less time than 128: the smoothing grows with the decay, and is the document's.
TEST(LearnedScore, WithWeightDecayLooksSmoothed) {
  const WeightDecay decay = learn_with_decay(1200, 64, 0);
  ASSERT_EQ(decay.scores.size(), 3u);
  const double known[] = {0.374, 0.452, 0.544};  // of another implementation with other draws
  for (size_t i = 0; i < 3; ++i) {
    const DecayedScore& one = decay.scores[i];
    EXPECT_NEAR(one.smoothing, one.picked, 0.04) << one.weight_decay;
    EXPECT_NEAR(one.smoothing, known[i], 0.02) << one.weight_decay;
    EXPECT_LT(one.residual, 0.5) << one.weight_decay;                                  // of scores up to 6
    EXPECT_GT(one.smoothing, (i == 0 ? 0.17 : decay.scores[i - 1].smoothing) + 0.05);  // 0.17: without decay
  }
}

// Two points, one dimension: after some hundred steps it is nearer to the score than nothing is.
TEST(LearnedScore, ComesNearToTheScore) {
  const EvenPoints line({-1, 1});
  const LearnedScore learned = learn_score(line, 1, 0.2, {.steps = 400, .batch = 64, .learning_rate = 0.004});
  for (const double t : {0.02, 0.1, 0.2}) {
    double left = 0, all = 0;
    for (double x = -1.5; x <= 1.5; x += 0.0625) {
      const double got = learned(torch::full({1, 1}, x, torch::kFloat64), t).item<double>(), exact = line.score(x, t);
      const double weight = std::exp(line.log_density(x, t));
      left += weight * (got - exact) * (got - exact), all += weight * exact * exact;
    }
    EXPECT_LT(left, 0.1 * all) << t;
  }
}

TEST(LearnedScore, IsTheSameForAnyNumberOfThreads) {
  const EvenPoints line({-1, 0, 1});
  const torch::Tensor x = torch::linspace(-1, 1, 6, torch::kFloat64).reshape({3, 2});
  const int before = at::get_num_threads();
  std::vector<torch::Tensor> results;
  for (const int threads : {1, 4}) {
    at::set_num_threads(threads);
    results.push_back(learn_score(line, 2, 0.1, {.steps = 5, .batch = 300, .learning_rate = 0.01})(x, 0.05));
    EXPECT_EQ(at::get_num_threads(), threads);
  }
  at::set_num_threads(before);
  EXPECT_TRUE(torch::equal(results[0], results[1]));
}

// The paper's fourth process with a tenth of its steps: it ends near the line, and not on the points.
TEST(LearnedScore, OfTheRunEndsBetweenThePoints) {
  const SmoothingRun run = run_smoothing({.starts = 500, .learned_steps = 300, .decay_steps = 0});
  const SmoothingProcess& learned = run.processes.back();
  EXPECT_EQ(learned.name, "learned");
  EXPECT_LT(learned.variance_across, 0.2 * run.options.start_time);
  EXPECT_LT(learned.on_points, 0.5);
  EXPECT_LT(learned.to_flow, 0.2);
  EXPECT_FALSE(run.decay.has_value());
}

}  // namespace
}  // namespace farfield
