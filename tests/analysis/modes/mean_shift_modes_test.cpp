#include "analysis/modes/mean_shift_modes.h"

#include <cmath>

#include "tests/support/normals.h"
#include "tests/support/test_support.h"
#include "tests/support/thread_count.h"
#include "tests/support/thread_group.h"

namespace farfield {
namespace {

using torch::Tensor;

std::unique_ptr<AnalyticDenoiser> two_points() {
  return make_delta(torch::tensor({{-1.0}, {1.0}}, torch::kFloat64), {1});
}

Tensor line_of_starts() { return torch::linspace(-3, 3, 40, torch::kFloat64).view({-1, 1}); }

// Data {-1, 1}: the fixed points are x = tanh(x / h^2).
TEST(MeanShiftModes, two_points_have_one_mode_from_a_bandwidth_of_1_on) {
  const auto exact = two_points();
  for (const auto& [h, modes] : {std::pair<double, int64_t>{0.1, 2},
                                 {0.5, 2},
                                 {0.8, 2},
                                 {0.95, 2},
                                 {0.98, 2},
                                 {1.02, 1},
                                 {1.05, 1},
                                 {1.5, 1},
                                 {10.0, 1}}) {
    const ModeSet set = find_modes(*exact, line_of_starts(), h);
    EXPECT_EQ(set.modes.size(0), modes) << h;
    EXPECT_EQ(set.unsettled, 0) << h;
    EXPECT_EQ(set.basin.min().item<int64_t>(), 0) << h;
  }
}

TEST(MeanShiftModes, two_points_have_known_modes_and_rates) {
  constexpr double kFixed = 0.8797321037203, kRate = 0.3532366;
  const auto exact = two_points();
  const ModeSet apart = find_modes(*exact, line_of_starts(), 0.8);
  EXPECT_NEAR(apart.modes[0][0].item<double>(), -kFixed, 1e-10);
  EXPECT_NEAR(apart.modes[1][0].item<double>(), kFixed, 1e-10);
  EXPECT_LE((apart.rate - kRate).abs().max().item<double>(), 2e-5);
  EXPECT_TRUE(torch::equal(apart.basin, (line_of_starts().squeeze(1) > 0).to(torch::kInt64)));
  EXPECT_NEAR(apart.log_density[0].item<double>(), apart.log_density[1].item<double>(), 1e-12);
  const ModeSet together = find_modes(*exact, line_of_starts(), 1.5);
  EXPECT_NEAR(together.modes.item<double>(), 0, 1e-9);
  EXPECT_LE((together.rate - 4.0 / 9).abs().max().item<double>(), 2e-5);
}

// At h = 1 steps shrink like x^3: what does not settle is said, and counted as no mode.
TEST(MeanShiftModes, starts_that_do_not_settle_are_said) {
  const ModeSet set = find_modes(*two_points(), line_of_starts(), 1, {.max_iterations = 50});
  EXPECT_EQ(set.unsettled, 40);
  EXPECT_EQ(set.modes.size(0), 0);
  EXPECT_EQ(set.log_density.size(0), 0);
  EXPECT_EQ(set.iterations.min().item<int64_t>(), 50);
}

TEST(MeanShiftModes, of_any_data_run_from_every_point_to_one) {
  Tensor points = test::normals({30, 3}, 1);
  points[7] = points[3];  // a duplicate is one mode with its twin
  const auto exact = make_delta(points, {3});
  const ModeSet each = find_modes(*exact, points, 1e-3), one = find_modes(*exact, points, 100);
  EXPECT_EQ(each.modes.size(0), 29);
  EXPECT_EQ(each.basin[7].item<int64_t>(), each.basin[3].item<int64_t>());
  EXPECT_EQ(one.modes.size(0), 1);
  EXPECT_LE(test::deviation(one.modes[0], points.mean(0)), 1e-2);
  EXPECT_FALSE(each.rate.isinf().any().item<bool>());
  const ModeSet only = find_modes(*make_delta(points.narrow(0, 0, 1), {3}), points, 0.5);
  EXPECT_EQ(only.modes.size(0), 1);
  EXPECT_TRUE(torch::equal(only.modes[0], points[0]));
}

TEST(MeanShiftModes, neither_batches_nor_ranks_change_them) {
  const test::ThreadCount one(1);
  const Tensor points = test::normals({60, 2}, 2);
  const auto exact = make_delta(points, {2});
  const ModeSet whole = find_modes(*exact, points, 0.4);
  EXPECT_GT(whole.modes.size(0), 1);
  const ModeSet parts = find_modes(*exact, points, 0.4, {.batch = 7});
  EXPECT_TRUE(torch::equal(parts.basin, whole.basin));
  EXPECT_LE(test::deviation(parts.modes, whole.modes), 1e-9);
  test::run_ranks(3, [&](Comm& comm) {
    const ModeSet shared = find_modes(*exact, points, 0.4, {.batch = 7}, {}, comm);
    EXPECT_TRUE(torch::equal(shared.basin, parts.basin));
    EXPECT_TRUE(torch::equal(shared.modes, parts.modes));
  });
}

}  // namespace
}  // namespace farfield
