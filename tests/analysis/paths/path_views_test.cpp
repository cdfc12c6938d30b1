#include "analysis/paths/path_views.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

// Two trajectories of one pixel over three levels.
Path small_path() {
  Path path;
  path.levels = {10, 1, 0};
  path.states = torch::arange(6, torch::kFloat64).reshape({3, 2, 1, 1, 1}) * 10;
  path.denoised = -torch::arange(4, torch::kFloat64).reshape({2, 2, 1, 1, 1});
  return path;
}

TEST(PathViews, AreTheStatesStepsAndDenoiserOutputs) {
  const PathViews views = path_views(small_path(), PathSpace::kVe, {0, 1}, 2);
  ASSERT_EQ(views.x.sizes(), torch::IntArrayRef({2, 2, 1, 1, 1}));
  EXPECT_NEAR(views.x[1][0].item<double>(), 10 * vp_alpha(10), 1e-6);
  EXPECT_NEAR(views.x[1][1].item<double>(), 30 * vp_alpha(1), 1e-5);
  EXPECT_EQ(views.step[1][1].item<double>(), 30 - 50);
  EXPECT_EQ(views.denoised[1][1].item<double>(), -3);
  // In the VP view x is alpha x already, and steps are those of alpha x.
  const PathViews vp = path_views(in_vp_space(small_path()), PathSpace::kVp, {0, 1}, 1);
  EXPECT_EQ(vp.x.size(0), 1);
  EXPECT_NEAR(vp.step[0][1].item<double>(), 20 * vp_alpha(1) - 40, 1e-5);
  EXPECT_EQ(level_captions(small_path().levels, {0, 1}), (std::vector<std::string>{"10", "1"}));
}

TEST(PathViews, BecomeThreeRowsOfAStrip) {
  const PathViews views = path_views(small_path(), PathSpace::kVe, {0, 1}, 2);
  const auto rows = view_rows(views, 0, "model");
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[0].label, "x model");
  EXPECT_EQ(rows[1].images.abs().max().item<double>(), 1);  // scaled
  EXPECT_EQ(view_rows(views, 0, "")[2].label, "D");
}

TEST(PathSpace, IsReadAndWritten) {
  EXPECT_EQ(to_string(parse_space("vp")), "vp");
  EXPECT_EQ(parse_space("ve"), PathSpace::kVe);
  EXPECT_EQ(test::error_of([] { parse_space("VP"); })->code(), ExitCode::kUsage);
}

}  // namespace
}  // namespace farfield
