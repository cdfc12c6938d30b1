#include "analysis/smoothing/smoothing_run.h"

#include <cmath>
#include <numeric>

#include <gtest/gtest.h>

#include "tests/support/test_support.h"

namespace farfield {
namespace {

// The four processes of the paper, with the values that are known beforehand.
TEST(SmoothingRun, OfThePaperHasTheKnownEnds) {
  const SmoothingRun run = run_smoothing({.learned_steps = 0, .decay_steps = 0});
  ASSERT_EQ(run.processes.size(), 5u);
  const auto& [empirical, smoothed, piecewise, flow] = std::tie(run.processes[0], run.processes[1], run.processes[2],
                                                                run.processes[3]);
  EXPECT_LE(empirical.nearest, 1e-12);
  EXPECT_EQ(empirical.on_points, 1);
  EXPECT_NEAR(smoothed.nearest, 0.044, 0.002);
  EXPECT_NEAR(smoothed.to_flow, 0.0025, 0.001);
  EXPECT_LE(piecewise.to_flow, 1e-13);
  EXPECT_NEAR(flow.nearest, 0.044580, 0.002);
  EXPECT_EQ(flow.to_flow, 0);
  for (const SmoothingProcess& process : run.processes) EXPECT_EQ(process.variance_across, 0) << process.name;
  EXPECT_LT(piecewise.apart, 0.06);  // 4096 starts in 100 bins
  EXPECT_GT(empirical.apart, 0.3);   // nothing lies between the points
  EXPECT_TRUE(std::isinf(empirical.divergence));
}

TEST(SmoothingRun, MassesSumToOneAndFollowTheClosedForm) {
  const SmoothingOptions options;
  const SmoothingRun run = run_smoothing({.starts = 4, .learned_steps = 2, .decay_steps = 0});
  const auto masses = end_masses(options.line(), options.start_time, options.kappa, run.bins);
  EXPECT_NEAR(std::accumulate(masses.begin(), masses.end(), 0.0), 1, 1e-12);
}

// 004, A.3: of the piecewise linear score the average of least norm along a direction is the widest one. Of the empirical score
// itself it nearly is.
TEST(SmoothingRun, AlongTheLeastDirectionIsTheSmoothedProcess) {
  const SmoothingRun run = run_smoothing({.starts = 512, .learned_steps = 0, .decay_steps = 0});
  EXPECT_EQ(run.processes[4].name, "direction");
  EXPECT_LE(test::deviation(run.processes[4].snapshots, run.processes[1].snapshots), 1e-3);
  EXPECT_GT(test::deviation(run.processes[4].snapshots, run.processes[1].snapshots), 1e-6);
  EXPECT_EQ(run_smoothing({.dimension = 1, .starts = 1, .learned_steps = 0, .decay_steps = 0}).processes.size(), 4u);
}

// As the document computed it: drawn averages come to the exact one, and not quite to the line. Cut short they do not.
TEST(SmoothingRun, DrawnScoresFollowTheSmoothedOneUnlessTheyAreCut) {
  const SmoothingOptions few{.starts = 256, .learned_steps = 0, .decay_steps = 0, .draws = 256};
  const SmoothingRun drawn = run_smoothing(few);
  SmoothingOptions clipped = few;
  clipped.clip = 1;
  const SmoothingRun cut = run_smoothing(clipped);
  ASSERT_EQ(drawn.processes[5].name, "drawn");
  const auto apart = [](const SmoothingRun& run) {
    return (run.processes[5].snapshots[1] - run.processes[1].snapshots[1]).square().mean().sqrt().item<double>();
  };
  EXPECT_LT(apart(drawn), 0.05);
  EXPECT_GT(apart(cut), 2 * apart(drawn));
  EXPECT_GT(drawn.processes[5].variance_across, 0);
  EXPECT_TRUE(torch::equal(drawn.processes[5].snapshots, run_smoothing(few).processes[5].snapshots));
}

// A start is its own: more starts do not change those before, nor does another dimension's length of run.
TEST(SmoothingRun, StartsAreAFunctionOfTheirNumber) {
  const SmoothingRun few = run_smoothing({.starts = 5, .learned_steps = 9, .decay_steps = 0}),
                     many = run_smoothing({.starts = 9, .learned_steps = 9, .decay_steps = 0});
  ASSERT_EQ(few.processes.size(), 6u);
  for (size_t p = 0; p < few.processes.size(); ++p)
    EXPECT_TRUE(torch::equal(few.processes[p].snapshots, many.processes[p].snapshots.narrow(1, 0, 5)));
}

TEST(SmoothingRun, OfOneDimensionAndOfOneStepHasNoHoles) {
  const SmoothingRun line = run_smoothing({.dimension = 1, .starts = 3, .learned_steps = 2, .decay_steps = 0});
  EXPECT_TRUE(std::isnan(line.processes[0].variance_across));
  const SmoothingRun step = run_smoothing({.step = 1, .starts = 3, .learned_steps = 2, .decay_steps = 0});
  EXPECT_EQ(step.processes[0].snapshots.sizes(), torch::IntArrayRef({3, 3, 2}));
}

TEST(SmoothingRun, OptionsOutOfRangeAreUsageErrors) {
  for (const SmoothingOptions& bad :
       {SmoothingOptions{.points = 1}, SmoothingOptions{.extent = -1}, SmoothingOptions{.start_time = 1},
        SmoothingOptions{.step = 0}, SmoothingOptions{.starts = 0}, SmoothingOptions{.kappa = 0},
        SmoothingOptions{.learned_steps = -1}, SmoothingOptions{.decay_steps = -1}, SmoothingOptions{.hidden = 0},
        SmoothingOptions{.draws = -1}, SmoothingOptions{.clip = 1}, SmoothingOptions{.draws = 1, .clip = -1}}) {
    const auto error = test::error_of([&] { run_smoothing(bad); });
    EXPECT_EQ(error->code(), ExitCode::kUsage) << error->what();
  }
}

}  // namespace
}  // namespace farfield
