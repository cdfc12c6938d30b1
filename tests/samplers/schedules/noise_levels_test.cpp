#include "samplers/schedules/noise_levels.h"

#include <cmath>
#include <fstream>

#include "samplers/schedules/schedule_registry.h"
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
  const std::vector<double> published = {80,    57.586, 40.786, 28.375, 19.352, 12.910, 8.401,  5.315, 3.257, 1.923,
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
  compare({.schedule = "vp_uniform", .steps = 6, .final = "sigma_min"},
          {80, 20.9655, 6.9502, 2.8237, 1.2867, 0.5272, 0.002});
  compare({.schedule = "vp_uniform", .steps = 6, .rho = 2, .final = "sigma_min"},
          {80, 8.6725, 2.3043, 0.9263, 0.3843, 0.1098, 0.002});
  compare({.schedule = "linear", .steps = 4, .sigma_min = 0}, {80, 60, 40, 20, 0});
  compare({.schedule = "quadratic", .steps = 4, .sigma_min = 0}, {80, 45, 20, 5, 0});
  compare({.schedule = "ve", .steps = 4, .final = "sigma_min"}, {100, 11.8921, 1.4142, 0.1682, 0.02});
}

TEST(NoiseLevels, stable_diffusions_time_has_the_ends_and_the_middle_of_its_table) {
  const auto levels = noise_levels({.schedule = "discrete", .steps = 999, .final = "sigma_min"});
  EXPECT_NEAR(levels.front(), 14.6146412293, 1e-6);  // as "Align Your Steps" prints them, from float32
  EXPECT_NEAR(levels.back(), 0.0291671582, 1e-8);
  EXPECT_NEAR(levels[999 - 499], 1.612886194, 1e-8) << "the 500th of 1000";
  const auto squares = noise_levels({.schedule = "discrete", .steps = 2, .rho = 2, .final = "sigma_min"});
  EXPECT_NEAR(squares[1], discrete_sigma(std::pow((1 + std::sqrt(0.001)) / 2, 2)), 1e-12);
  const auto wide = noise_levels({.schedule = "discrete", .steps = 40, .sigma_min = 0.002, .sigma_max = 80});
  EXPECT_EQ(wide.front(), 80);
}

TEST(NoiseLevels, quadratic_in_sigma_is_not_uniform_in_its_root) {
  const auto sigma = noise_levels({.schedule = "quadratic_sigma", .steps = 10, .final = "sigma_min"});
  const auto root = noise_levels({.schedule = "quadratic", .steps = 10, .final = "sigma_min"});
  EXPECT_NEAR(sigma[5], 20.0015, 1e-10);
  EXPECT_NEAR(root[5], 20.2005, 5e-5);
  for (int64_t i = 0; i <= 10; ++i) EXPECT_NEAR(sigma[i], 0.002 + std::pow(1 - i / 10.0, 2) * (80 - 0.002), 1e-12);
  EXPECT_EQ(noise_levels({.schedule = "quadratic_sigma", .steps = 4, .sigma_min = 0}),
            (std::vector<double>{80, 45, 20, 5, 0}));
}

// Timestep k of 0 ... 999 is level k + 1 of Stable Diffusion's table of 1000.
TEST(NoiseLevels, tables_of_timesteps_are_entries_of_the_training_table) {
  const auto all = noise_levels({.schedule = "discrete", .steps = 999, .final = "sigma_min"});
  const auto compare = [&](const NoiseLevelOptions& options, const std::vector<size_t>& timesteps) {
    const auto levels = noise_levels(options);
    ASSERT_EQ(levels.size(), timesteps.size());
    for (size_t i = 0; i < levels.size(); ++i)
      EXPECT_NEAR(levels[i] / all[999 - timesteps[i]], 1, 1e-9) << timesteps[i];
  };
  compare({.schedule = "gits_sd15", .steps = 10, .final = "sigma_min"},
          {999, 783, 632, 483, 350, 233, 133, 67, 33, 17, 0});
  compare({.schedule = "ays", .steps = 10, .variant = "sd15_timesteps", .final = "sigma_min"},
          {999, 850, 736, 645, 545, 455, 343, 233, 124, 24, 0});
  EXPECT_EQ(noise_levels({.schedule = "gits_sd15", .steps = 10}).back(), 0);
  const auto printed = noise_levels({.schedule = "ays", .steps = 10, .final = "sigma_min"}),
             timesteps = noise_levels(
                 {.schedule = "ays", .steps = 10, .variant = "sd15_timesteps", .final = "sigma_min"});
  for (size_t i = 0; i < printed.size(); ++i) EXPECT_NEAR(printed[i] / timesteps[i], 1, 1e-5) << i;
}

// Teleports of Heun (Wang & Vastola 2024, tables 4 to 6): skip i of N levels begins at level i and takes 2 (N - i) - 1.
TEST(NoiseLevels, teleports_begin_at_the_published_levels) {
  const auto compare = [](int64_t count, const std::vector<std::pair<double, int64_t>>& printed) {
    const auto levels = noise_levels({.steps = count});
    for (const auto& [sigma, nfe] : printed) {
      const int64_t skip = count - (nfe + 1) / 2;
      EXPECT_NEAR(levels[static_cast<size_t>(skip)], sigma, 0.0501) << sigma;
    }
  };
  compare(18, {{80, 35},
               {57.6, 33},
               {40.8, 31},
               {28.4, 29},
               {19.4, 27},
               {12.9, 25},
               {8.4, 23},
               {5.3, 21},
               {3.3, 19},
               {1.1, 15},
               {0.3, 11}});
  compare(40,
          {{60.1, 75}, {44.6, 71}, {32.7, 67}, {23.6, 63}, {16.8, 59}, {11.7, 55}, {8.0, 51}, {5.4, 47}, {2.2, 39}});
}

TEST(NoiseLevels, tables_are_used_as_published_and_interpolated_in_the_log) {
  const auto ten = noise_levels({.schedule = "ays", .steps = 10});
  EXPECT_EQ(ten[1], 6.4745760956);
  EXPECT_EQ(ten[9], 0.1515232662);
  EXPECT_EQ(ten[10], 0);
  EXPECT_EQ(noise_levels({.schedule = "ays", .steps = 10, .final = "sigma_min"})[10], 0.0291671582);
  const auto twenty = noise_levels({.schedule = "ays", .steps = 20, .variant = "svd", .final = "sigma_min"});
  EXPECT_EQ(twenty.front(), 700);
  EXPECT_EQ(twenty[2], 54.5);
  EXPECT_NEAR(twenty[1], std::sqrt(700 * 54.5), 1e-11);
  EXPECT_EQ(noise_levels({.schedule = "ays", .steps = 1, .variant = "sdxl"}), (std::vector<double>{14.6146412293, 0}));

  const auto iddpm = noise_levels({.schedule = "iddpm", .steps = 1, .final = "sigma_min"});
  EXPECT_NEAR(iddpm[0], 80.2037, 1e-4) << "the largest of the table up to 81";
  EXPECT_NEAR(iddpm[1], 0.006425, 1e-6);
}

TEST(NoiseLevels, the_ends_are_exact_and_the_length_is_steps_plus_one) {
  for (const auto& schedule : schedule_table()) {
    if (schedule.own_ends) continue;
    for (const char* final : {"zero", "sigma_min"}) {
      for (int64_t steps = 1; steps <= 40; ++steps) {
        for (const double rho : {1.0, 5.0, 7.0}) {
          NoiseLevelOptions options{
              .schedule = schedule.name, .steps = steps, .sigma_min = 0.01, .sigma_max = 50, .final = final};
          if (schedule.takes_rho) options.rho = rho;
          const auto levels = noise_levels(options);
          ASSERT_EQ(static_cast<int64_t>(levels.size()), steps + 1);
          EXPECT_EQ(levels.front(), 50);
          const bool zero = options.final == "zero";
          EXPECT_EQ(levels.back(), zero ? 0 : 0.01);
          if (zero && steps > 1) {
            EXPECT_EQ(levels[steps - 1], 0.01);
          }
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

// k-diffusion's get_sigmas_vp: t falls evenly from 1 to eps_s, sigma = sqrt(exp(beta_d t^2 / 2 + beta_min t) - 1).
TEST(NoiseLevels, vp_takes_its_constants) {
  const auto by_formula = [](double beta_d, double beta_min, double eps_s, int64_t count) {
    std::vector<double> levels;
    for (int64_t i = 0; i < count; ++i) {
      const double t = 1 + static_cast<double>(i) / static_cast<double>(count - 1) * (eps_s - 1);
      levels.push_back(std::sqrt(std::expm1(beta_d * t * t / 2 + beta_min * t)));
    }
    return levels;
  };
  const auto expect_near = [](std::vector<double> ours, const std::vector<double>& expected) {
    if (ours.back() == 0) ours.pop_back();
    ASSERT_EQ(ours.size(), expected.size());
    for (size_t i = 0; i < ours.size(); ++i) EXPECT_NEAR(ours[i] / expected[i], 1, 1e-12) << i;
  };
  expect_near(noise_levels({.schedule = "vp,beta_d=18.5,beta_min=0.2,eps_s=0.002", .steps = 12}),
              by_formula(18.5, 0.2, 0.002, 12));
  expect_near(noise_levels({.schedule = "vp,eps_s=0.1", .steps = 5, .final = "sigma_min"}),
              by_formula(19.9, 0.1, 0.1, 6));
  expect_near(noise_levels({.schedule = "vp,beta_d=0,beta_min=3", .steps = 6}), by_formula(0, 3, 1e-3, 6));
  const auto plain = noise_levels({.schedule = "vp", .steps = 12});
  expect_near(noise_levels({.schedule = "vp,beta_d=19.9,beta_min=0.1,eps_s=0.001", .steps = 12}),
              std::vector<double>(plain.begin(), plain.end() - 1));

  expect_usage_error({.schedule = "vp,beta_d=1e300"}, "option beta_d: got 1e300, expected a number from 0 to 100");
  expect_usage_error({.schedule = "vp,eps_s=0"}, "expected a number from 1e-06 to 0.5");
  expect_usage_error({.schedule = "vp,beta_min=nan"}, "is not a number");
  expect_usage_error({.schedule = "vp,beta=1"}, "unknown option 'beta'");
  expect_usage_error({.schedule = "vp,eps_s=0.1,eps_s=0.2"}, "given twice");
  expect_usage_error({.schedule = "vp,beta_d=0,beta_min=0"}, "level");
  expect_usage_error({.schedule = "vp,beta_d=100,beta_min=100"}, "level 0");
  expect_usage_error({.schedule = "ve,beta_d=1"}, "schedule ve: takes no options");
  expect_usage_error({.schedule = "vp,eps_s=0.1", .sigma_min = 0.1}, "--sigma-min does not apply");
}

TEST(NoiseLevels, options_out_of_range_are_named) {
  expect_usage_error({.sigma_max = 1e300}, "sigma_max is 1e+300, expected a number from 1e-35 to 1000000000000");
  expect_usage_error({.sigma_min = 1e-300}, "sigma_min is 1e-300, expected 0 or a number from 1e-35");
  expect_usage_error({.rho = 1e-300}, "expected 0.01 to 100");
  expect_usage_error({.steps = 100'001}, "expected 1 to 100000");
  expect_usage_error({.schedule = "polynomal"}, "did you mean 'polynomial'");
  expect_usage_error({.steps = 0}, "steps is 0");
  expect_usage_error({.sigma_min = -1}, "sigma_min is -1");
  expect_usage_error({.sigma_min = 80}, "sigma_min is 80");
  expect_usage_error({.sigma_min = std::nan("")}, "sigma_min is nan");
  expect_usage_error({.sigma_max = kInfinity}, "sigma_max is inf");
  expect_usage_error({.rho = 0}, "rho is 0");
  expect_usage_error({.final = "none"}, "final is 'none'");
  expect_usage_error({.schedule = "logsnr", .sigma_min = 0}, "above 0 for the schedule logsnr");
  expect_usage_error({.steps = 40, .sigma_min = std::nextafter(80, 0), .sigma_max = 80}, "the same as the one before");
  expect_usage_error({.schedule = "iddpm", .steps = 2000}, "the same as the one before");
  expect_usage_error({.schedule = "iddpm", .sigma_min = 1, .sigma_max = 1.0001}, "none of iDDPM's noise levels");
  expect_usage_error({.schedule = "vp_uniform", .sigma_min = 0.5, .sigma_max = 1}, "above the one before");
  expect_usage_error({.schedule = "linear", .rho = 1}, "--rho does not apply to the schedule linear");
  expect_usage_error({.schedule = "ays", .sigma_min = 1}, "--sigma-min does not apply");
  expect_usage_error({.schedule = "ays", .variant = "sd16"}, "did you mean 'sd15'");
  expect_usage_error({.variant = "sd15"}, "--variant does not apply to the schedule polynomial");
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
  refused({1e300, 1}, "level 0 (of 0 to 1) is 1e+300, expected 0 or a number from 1e-35 to 1000000000000");
  refused({1, 1e-300, 0}, "level 1 (of 0 to 2) is 1e-300");
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
  refused("[80, 10", "no valid JSON");
  refused("[80, [10]]", "item 1");
}

}  // namespace
}  // namespace farfield
