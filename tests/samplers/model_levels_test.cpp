#include "samplers/model_levels.h"

#include <cmath>
#include <fstream>

#include "samplers/schedules/noise_levels.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

const DenoiserInfo kNarrow{.name = "model m", .sample_shape = {1}, .sigma_min = 0.01, .sigma_max = 50};
const DenoiserInfo kWide{.name = "wide", .sample_shape = {1}};

void expect_refused(const ScheduleRequest& request, const DenoiserInfo& model, const std::string& words) {
  const auto error = test::error_of([&] { resolve_levels(request, model); });
  ASSERT_TRUE(error) << words;
  EXPECT_EQ(error->code(), ExitCode::kUsage);
  EXPECT_NE(std::string(error->what()).find(words), std::string::npos) << error->what();
}

TEST(ModelLevels, defaults_are_edms_drawn_in_to_the_models_range) {
  EXPECT_EQ(resolve_levels({}, kWide), noise_levels({}));
  EXPECT_EQ(resolve_levels({}, kNarrow), noise_levels({.sigma_min = 0.01, .sigma_max = 50}));
  EXPECT_EQ(resolve_levels({.steps = 5, .sigma_min = 0.02, .sigma_max = 40, .rho = 5, .final = "sigma_min"}, kNarrow),
            noise_levels({.steps = 5, .sigma_min = 0.02, .sigma_max = 40, .rho = 5, .final = "sigma_min"}));
}

TEST(ModelLevels, what_is_given_is_kept_or_refused) {
  expect_refused({.sigma_min = 0.002}, kNarrow, "--sigma-min 0.002 lies outside the range of model m, 0.01 to 50");
  expect_refused({.sigma_max = 80}, kNarrow, "--sigma-max 80 lies outside the range of model m, 0.01 to 50");
  expect_refused({.sigmas = {50, 0.001, 0}}, kNarrow, "level 0.001 lies outside");
  expect_refused({.schedule = "logsnr", .rho = 7}, kWide, "--rho does not apply to the schedule logsnr");
  expect_refused({.sigmas = {10, 1}, .steps = 1}, kWide, "--steps does not apply");
  expect_refused({.sigmas = {10, 1}, .final = "zero"}, kWide, "--final does not apply");
  expect_refused({.sigmas = {10, 20}}, kWide, "above the one before");
}

// EDM passes a formula's levels through round_sigma; what is written by hand stays.
TEST(ModelLevels, formulas_use_the_levels_a_model_has) {
  DenoiserInfo halves = kWide;
  halves.nearest_level = [](double sigma) { return std::max(0.5, std::round(2 * sigma) / 2); };
  EXPECT_EQ(resolve_levels({.steps = 3, .sigma_min = 1.2, .sigma_max = 80.1, .rho = 1}, halves),
            (std::vector<double>{80, 40.5, 1, 0}));
  EXPECT_EQ(resolve_levels({.sigmas = {10.1, 1.3, 0}}, halves), (std::vector<double>{10.1, 1.3, 0}));
  expect_refused({.steps = 40}, halves, "the same as the one before");
}

TEST(ModelLevels, lists_and_files_are_taken_as_they_are) {
  const std::vector<double> levels = {40, 3, 0.5, 0};
  EXPECT_EQ(resolve_levels({.sigmas = levels}, kNarrow), levels);
  const test::TempDir folder;
  std::ofstream(folder / "levels.txt") << "40\n3\n0.5\n0\n";
  const std::string schedule = "file:" + (folder / "levels.txt").string();
  EXPECT_EQ(resolve_levels({.schedule = schedule}, kNarrow), levels);
  expect_refused({.schedule = schedule, .sigma_max = 40}, kNarrow, "--sigma-max does not apply");
  EXPECT_EQ(test::error_of([&] { resolve_levels({.schedule = "file:/nowhere"}, kWide); })->code(), ExitCode::kIo);
}

}  // namespace
}  // namespace farfield
