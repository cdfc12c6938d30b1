#include "samplers/noise_levels.h"

#include <cmath>
#include <fstream>

#include "tests/support/test_support.h"

namespace farfield {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

void expect_usage_error(const NoiseLevelOptions& options, const std::string& words) {
  const auto error = test::error_of([&] { noise_levels(options); });
  ASSERT_TRUE(error) << words;
  EXPECT_EQ(error->code(), ExitCode::kUsage);
  EXPECT_NE(std::string(error->what()).find(words), std::string::npos) << error->what();
}

TEST(NoiseLevels, edm_defaults_are_the_published_ones) {
  const auto levels = noise_levels({});
  const std::vector<double> published = {80,    57.586, 40.786, 28.375, 19.352, 12.910, 8.401,  5.315,  3.257, 1.923,
                                         1.088, 0.5853, 0.2964, 0.1395, 0.0599, 0.0229, 0.0075, 0.002, 0};
  ASSERT_EQ(levels.size(), published.size());
  for (size_t i = 0; i < levels.size(); ++i) EXPECT_NEAR(levels[i], published[i], 6e-4 * std::max(published[i], 0.1));
}

TEST(NoiseLevels, known_values_of_seven_points) {
  const auto compare = [](const NoiseLevelOptions& options, const std::vector<double>& expected) {
    const auto levels = noise_levels(options);
    ASSERT_EQ(levels.size(), expected.size());
    for (size_t i = 0; i < levels.size(); ++i) EXPECT_NEAR(levels[i], expected[i], 6e-5 * std::max(1.0, expected[i]));
  };
  compare({.steps = 6, .final = "sigma_min"}, {80, 30.1833, 9.7232, 2.5152, 0.4700, 0.0515, 0.002});
  compare({.schedule = "logsnr", .steps = 6, .final = "sigma_min"}, {80, 13.6798, 2.3392, 0.4, 0.0684, 0.0117, 0.002});
}

TEST(NoiseLevels, the_ends_are_exact_and_the_length_is_steps_plus_one) {
  for (const auto& schedule : schedule_names()) {
    for (const char* final : {"zero", "sigma_min"}) {
      for (int64_t steps = 1; steps <= 40; ++steps) {
        for (const double rho : {1.0, 5.0, 7.0}) {
          const NoiseLevelOptions options{
              .schedule = schedule, .steps = steps, .sigma_min = 0.01, .sigma_max = 50, .rho = rho, .final = final};
          const auto levels = noise_levels(options);
          ASSERT_EQ(static_cast<int64_t>(levels.size()), steps + 1);
          EXPECT_EQ(levels.front(), 50);
          const bool zero = options.final == "zero";
          EXPECT_EQ(levels.back(), zero ? 0 : 0.01);
          if (zero && steps > 1) { EXPECT_EQ(levels[steps - 1], 0.01); }
        }
      }
    }
  }
}

TEST(NoiseLevels, one_step_and_sigma_min_zero) {
  EXPECT_EQ(noise_levels({.steps = 1}), (std::vector<double>{80, 0}));
  EXPECT_EQ(noise_levels({.steps = 1, .final = "sigma_min"}), (std::vector<double>{80, 0.002}));
  const auto zero = noise_levels({.steps = 5, .sigma_min = 0});
  const auto same = noise_levels({.steps = 5, .sigma_min = 0, .final = "sigma_min"});
  EXPECT_EQ(zero, same) << "with sigma_min = 0 both ends mean the same levels";
  ASSERT_EQ(zero.size(), 6u);
  EXPECT_NEAR(zero[4], 80 * std::pow(0.2, 7), 1e-15);
  EXPECT_EQ(zero[5], 0);
}

TEST(NoiseLevels, options_out_of_range_are_named) {
  expect_usage_error({.schedule = "polynomal"}, "did you mean 'polynomial'");
  expect_usage_error({.steps = 0}, "steps is 0");
  expect_usage_error({.sigma_min = -1}, "sigma_min is -1");
  expect_usage_error({.sigma_min = 80}, "sigma_min is 80");
  expect_usage_error({.sigma_min = std::nan("")}, "sigma_min is nan");
  expect_usage_error({.sigma_max = kInfinity}, "sigma_max is inf");
  expect_usage_error({.rho = 0}, "rho is 0");
  expect_usage_error({.final = "none"}, "final is 'none'");
  expect_usage_error({.schedule = "logsnr", .sigma_min = 0}, "above 0 for the schedule logsnr");
  expect_usage_error({.steps = 40, .sigma_min = std::nextafter(80, 0)}, "the same as the one before");
}

TEST(NoiseLevels, lists_by_hand_must_fall) {
  const auto refused = [](const std::vector<double>& levels, const std::string& words) {
    const auto error = test::error_of([&] { check_levels(levels); });
    ASSERT_TRUE(error);
    EXPECT_EQ(error->code(), ExitCode::kUsage);
    EXPECT_NE(std::string(error->what()).find(words), std::string::npos) << error->what();
  };
  refused({}, "at least 2");
  refused({80}, "at least 2");
  refused({80, 10, 10, 1}, "level 2 (of 0 to 3) is 10, the same");
  refused({80, 1, 10, 0}, "level 2 (of 0 to 3) is 10, above the one before, 1");
  refused({80, 1, -1}, "level 2 (of 0 to 2) is -1");
  refused({kInfinity, 1}, "level 0 (of 0 to 1) is inf");
  refused({80, std::nan(""), 1}, "level 1 (of 0 to 2) is nan");
  EXPECT_NO_THROW(check_levels({80, 1, 0}));
  EXPECT_EQ(parse_levels("80,10,1.5,0"), (std::vector<double>{80, 10, 1.5, 0}));
  EXPECT_EQ(test::error_of([] { parse_levels("80,ten,1"); })->code(), ExitCode::kUsage);
}

TEST(NoiseLevels, levels_from_a_file) {
  const test::TempDir folder;
  const auto write = [&](const std::string& name, const std::string& text) {
    std::ofstream(folder / name) << text;
    return folder / name;
  };
  const std::vector<double> expected = {80, 10.9836, 1, 0};
  EXPECT_EQ(read_levels(write("lines.txt", "# a comment\n80\n 10.9836 # another\r\n\n1\n0")), expected);
  EXPECT_EQ(read_levels(write("list.json", " [80, 10.9836, 1, 0]\n")), expected);

  const auto refused = [&](const std::string& text, const std::string& words) {
    const auto path = write("bad", text);
    const auto error = test::error_of([&] { read_levels(path); });
    ASSERT_TRUE(error) << text;
    EXPECT_EQ(error->code(), ExitCode::kBadFile);
    EXPECT_NE(std::string(error->what()).find(words), std::string::npos) << error->what();
  };
  refused("80\nten\n0", "line 2");
  refused("80\n80\n0", "level 1");
  refused("", "at least 2");
  refused("[80, \"10\"]", "item 1");
  refused("[80, 10", "JSON list");
  refused("[80, [10]]", "item 1");
}

}  // namespace
}  // namespace farfield
