#include "analysis/paths/curve.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

namespace farfield {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

TEST(Curve, LeavesOutWhatHasNoValue) {
  const torch::Tensor values = torch::tensor({1.0, kNan, kNan, 3.0, 5.0, kNan}, torch::kFloat64).reshape({2, 3});
  const Curve curve = curve_of(values);
  EXPECT_EQ(curve.mean[0], 2);
  EXPECT_EQ(curve.std[0], 1);  // divisor n
  EXPECT_EQ(curve.mean[1], 5);
  EXPECT_EQ(curve.std[1], 0);
  EXPECT_EQ(curve.count, (std::vector<int64_t>{2, 1, 0}));
  EXPECT_TRUE(std::isnan(curve.mean[2]));
  const Series series = curve_series("x", {}, {10, 1, 0.1}, curve);
  EXPECT_EQ(series.x, (std::vector<double>{1, 10}));
}

TEST(Curve, IntervalIsThatOfTheMean) {
  torch::manual_seed(0);
  const torch::Tensor values = torch::randn({400, 1}, torch::kFloat64);
  const Curve curve = curve_of(values);
  EXPECT_NEAR(curve.high[0] - curve.low[0], 2 * 1.96 * curve.std[0] / 20, 0.02);
  const Average average = average_of(values.select(1, 0));
  EXPECT_EQ(average.mean, curve.mean[0]);
  EXPECT_EQ(average.low, curve.low[0]);
}

}  // namespace
}  // namespace farfield
