#include "samplers/interpolate.h"

#include <cmath>

#include "core/math/random.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

torch::Tensor corners_of(int64_t count) { return SampleRandom(11).normal({count, 2, 3}, torch::kFloat64); }

TEST(Interpolate, corners_come_back_and_frames_are_the_formulas) {
  const auto z = corners_of(2);
  for (const auto& mode : interpolation_modes()) {
    const auto strip = interpolate(z, {.mode = mode, .frames = 5});
    ASSERT_EQ(strip.sizes(), (std::vector<int64_t>{5, 2, 3})) << mode;
    EXPECT_TRUE(torch::equal(strip[0], z[0])) << mode;
    EXPECT_TRUE(torch::equal(strip[4], z[1])) << mode;
  }
  const auto quarter = 0.75 * z[0] + 0.25 * z[1];
  EXPECT_LE(test::deviation(interpolate(z, {.mode = "linear", .frames = 5})[1], quarter), 1e-15);
  EXPECT_LE(test::deviation(interpolate(z, {.mode = "indist", .frames = 5})[1], quarter / std::sqrt(0.625)), 1e-15);
}

TEST(Interpolate, spherical_keeps_length_and_turns_evenly) {
  auto z = corners_of(2);
  z /= z.flatten(1).norm(2, 1).view({2, 1, 1});
  const auto strip = interpolate(z, {.mode = "spherical", .frames = 9});
  const double whole = std::acos((z[0] * z[1]).sum().item<double>());
  for (int64_t j = 0; j < 9; ++j) {
    EXPECT_NEAR(strip[j].norm().item<double>(), 1, 1e-12);
    EXPECT_NEAR(std::acos(std::min(1.0, (z[0] * strip[j]).sum().item<double>())), whole * static_cast<double>(j) / 8,
                1e-7);
  }
  EXPECT_LE(
      test::deviation(interpolate(torch::stack({z[0], 2 * z[0]}), {.mode = "spherical", .frames = 3})[1], 1.5 * z[0]),
      1e-12)
      << "parallel corners";
  const auto opposite = test::error_of([&] { interpolate(torch::stack({z[0], -z[0]}), {.mode = "spherical"}); });
  ASSERT_TRUE(opposite);
  EXPECT_EQ(opposite->code(), ExitCode::kUsage);
}

// n-linear weights normalised as a whole: sum w_i z_i / sqrt(sum w_i^2).
TEST(Interpolate, a_grid_has_the_n_linear_weights) {
  const auto z = corners_of(4);
  const auto linear = interpolate(z, {.mode = "linear", .frames = 4}),
             in = interpolate(z, {.mode = "indist", .frames = 4});
  ASSERT_EQ(in.sizes(), (std::vector<int64_t>{16, 2, 3}));
  for (int64_t row = 0; row < 4; ++row) {
    for (int64_t column = 0; column < 4; ++column) {
      const double s = static_cast<double>(column) / 3, t = static_cast<double>(row) / 3;
      const double w[] = {(1 - s) * (1 - t), s * (1 - t), (1 - s) * t, s * t};
      auto sum = torch::zeros_like(z[0]);
      double squares = 0;
      for (int i = 0; i < 4; ++i) sum += w[i] * z[i], squares += w[i] * w[i];
      EXPECT_LE(test::deviation(linear[4 * row + column], sum), 1e-14);
      EXPECT_LE(test::deviation(in[4 * row + column], sum / std::sqrt(squares)), 1e-14);
    }
  }
}

TEST(Interpolate, in_distribution_frames_have_variance_one) {
  const auto z = SampleRandom(5).normal({4, 40'000}, torch::kFloat64);
  const auto in = interpolate(z, {.mode = "indist", .frames = 5}),
             linear = interpolate(z, {.mode = "linear", .frames = 5});
  EXPECT_LE((in.var(1) - 1).abs().max().item<double>(), 0.04);
  EXPECT_NEAR(linear[12].var().item<double>(), 0.25, 0.01) << "the middle of a linear grid is much too quiet";
}

// "A Geometric Perspective", B.5.
TEST(Interpolate, weights_in_distribution_keep_the_variance_and_the_corners) {
  const auto z = SampleRandom(5).normal({2, 40'000}, torch::kFloat64);
  for (const std::string& weight : interpolation_weights()) {
    const auto strip = interpolate(z, {.mode = "indist", .weight = weight, .frames = 5});
    EXPECT_TRUE(torch::equal(strip[0], z[0])) << weight;
    EXPECT_TRUE(torch::equal(strip[4], z[1])) << weight;
    EXPECT_LE((strip.square().mean(1) - 1).abs().max().item<double>(), 0.04) << weight;
    for (const int64_t j : {1, 2, 3}) {
      const double l = interpolation_weight(weight, static_cast<double>(j) / 4);
      EXPECT_LE(test::deviation(strip[j], std::sqrt(1 - l * l) * z[0] + l * z[1]), 1e-14) << weight;
    }
    EXPECT_EQ(interpolation_weight(weight, 0), 0);
    EXPECT_EQ(interpolation_weight(weight, 1), 1);
  }
  EXPECT_TRUE(torch::equal(interpolate(z, {.mode = "indist", .weight = "nlinear"}), interpolate(z, {})));
  EXPECT_NEAR(interpolation_weight("nlinear", 0.5), std::sqrt(0.5), 1e-15);
  EXPECT_EQ(interpolation_weight("uniform", 0.5), 0.5);
}

TEST(Interpolate, sine_is_the_great_circle_of_orthogonal_corners) {
  torch::Tensor z = torch::zeros({2, 6}, torch::kFloat64);
  z[0][1] = 3;
  z[1][4] = -3;
  const auto sine = interpolate(z, {.mode = "indist", .weight = "sine", .frames = 9});
  EXPECT_LE(test::deviation(sine, interpolate(z, {.mode = "spherical", .frames = 9})), 1e-12);
}

TEST(Interpolate, requests_that_make_no_sense_are_usage_errors) {
  const auto refused = [](const torch::Tensor& corners, const InterpolateOptions& options, const std::string& words) {
    const auto error = test::error_of([&] { interpolate(corners, options); });
    ASSERT_TRUE(error) << words;
    EXPECT_EQ(error->code(), ExitCode::kUsage);
    EXPECT_NE(std::string(error->what()).find(words), std::string::npos) << error->what();
  };
  refused(corners_of(3), {}, "got 3 corners");
  refused(corners_of(2), {.frames = 1}, "frames is 1");
  refused(corners_of(2), {.mode = "sperical"}, "did you mean 'spherical'");
  refused(corners_of(2), {.weight = "sin"}, "did you mean 'sine'");
  refused(corners_of(2), {.mode = "linear", .weight = "sine"}, "has no --weight");
}

}  // namespace
}  // namespace farfield
