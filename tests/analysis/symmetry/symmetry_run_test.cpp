#include "analysis/symmetry/symmetry_run.h"

#include <cmath>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "analysis/symmetry/symmetry_output.h"
#include "analysis/symmetry/symmetry_tables.h"
#include "core/data/source.h"
#include "models/analytic/analytic.h"
#include "models/analytic/fit.h"
#include "models/registry/model_registry.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

TEST(SymmetryRun, OfTwoPointsMeetsTheClosedForm) {
  for (const double a : {1.0, 0.01, 100.0}) {
    SymmetryOptions options;
    options.pair = a;
    options.levels = 24;
    const SymmetryRun run = run_symmetry({}, options);
    ASSERT_TRUE(run.path.critical) << a;
    EXPECT_FALSE(run.path.ends);
    EXPECT_NEAR(run.path.critical->sigma / Pair{a}.critical_sigma(), 1, 1e-7) << a;
    EXPECT_EQ(run.path.levels.size(), 24u) << "followed to the end";
    const Table table = fixed_points_table(run);
    for (const auto& row : table.rows) {
      const double position = std::get<double>(row[4]), known = std::get<double>(row[11]);
      EXPECT_NEAR(std::fabs(position), std::fabs(known), 1e-5 * a);
    }
    EXPECT_EQ(run.potentials.size(), 4u);
  }
}

TEST(SymmetryRun, OfAGaussianBreaksAtTheRootOfItsVarianceLessTwo) {
  const GaussianStats gaussian{torch::tensor({1.0, 0.0}, torch::kFloat64), torch::eye(2, torch::kFloat64),
                               torch::tensor({6.0, 1.0}, torch::kFloat64), 0, 0};
  SymmetryInputs inputs;
  inputs.gaussian = gaussian;
  inputs.model = make_gaussian(gaussian, {2});
  SymmetryOptions options;
  options.sigma_min = 2.1;  // where its denominator has no 0 along the mean yet
  options.levels = 12;
  const SymmetryRun stable = run_symmetry(inputs, options);
  EXPECT_FALSE(stable.path.critical);
  EXPECT_NEAR(*gaussian_critical_sigma(6), 2, 1e-15);
  EXPECT_FALSE(gaussian_critical_sigma(2));
  for (const FixedPoint& point : stable.path.centre) {
    EXPECT_NEAR(sde_eigenvalue(point.denoiser_eigenvalue, point.sigma), gaussian_sde_eigenvalue(6, point.sigma), 1e-6);
  }
}

// Three points that no reflection exchanges: the centre is drawn to one of them, or ends; whatever it does, every point
// that is told is a fixed point.
TEST(SymmetryRun, OfDataWithoutASymmetryTellsFixedPointsAlone) {
  SymmetryInputs inputs;
  inputs.model = make_delta(torch::tensor({{-2.0, 0.0}, {1.0, 0.7}, {1.2, -1.5}}, torch::kFloat64), {2});
  SymmetryOptions options;
  options.sigma_max = 20;
  options.sigma_min = 0.1;
  options.levels = 30;
  const SymmetryRun run = run_symmetry(inputs, options);
  const PointDenoiser denoiser(*inputs.model, {}, torch::kCPU, 1e-4);
  const auto expect_fixed = [&](const FixedPoint& point) {
    EXPECT_LE((denoiser(point.x, point.sigma) - fixed_point_gain(point.sigma) * point.x).norm().item<double>(), 1e-8)
        << point.sigma;
  };
  for (const FixedPoint& point : run.path.centre) expect_fixed(point);
  for (const auto& sides : run.path.sides) {
    for (const auto& side : sides) {
      if (side) expect_fixed(*side);
    }
  }
  EXPECT_GT(run.path.levels.size(), 20u);
}

TEST(SymmetryRun, EveryKindOfModelAndSizeHasNumbersOrEmptyCells) {
  const struct {
    const char *model, *data;
  } rows[] = {{"delta:moons,first=1", "moons,first=1"},
              {"isotropic:moons,count=9", ""},
              {"diagonal:glyphs,size=8,first=3", "glyphs,size=8,first=3"},
              {"mixture:rings,count=50,components=3", "rings,count=50"},
              {"gaussian:glyphs,size=8,count=40,rank=3", ""}};
  for (const auto& row : rows) {
    for (const int64_t levels : {2, 3, 9}) {
      SymmetryInputs inputs;
      inputs.model = open_model(row.model, {.device = "cpu"});
      if (row.data[0] != 0) inputs.gaussian = measure_gaussian(*open_data(row.data));
      SymmetryOptions options;
      options.levels = levels;
      options.sigma_min = 0.3;
      const SymmetryRun run = run_symmetry(inputs, options);
      for (const Table& table : {fixed_points_table(run), potentials_table(run)}) {
        for (const auto& cells : table.rows) {
          for (size_t i = 0; i < cells.size(); ++i) {
            const auto* number = std::get_if<double>(&cells[i]);
            EXPECT_TRUE(number == nullptr || std::isfinite(*number)) << row.model << " " << table.columns[i];
          }
        }
      }
      EXPECT_TRUE(nlohmann::json::accept(symmetry_summary(run)));
      EXPECT_EQ(symmetry_summary(run).find("nan"), std::string::npos);
    }
  }
}

TEST(SymmetryRun, MistakesAreRefused) {
  const auto refused = [](SymmetryInputs inputs, const SymmetryOptions& options) {
    const auto error = test::error_of([&] { run_symmetry(std::move(inputs), options); });
    EXPECT_EQ(error->code(), ExitCode::kUsage) << error->what();
  };
  SymmetryOptions options;
  options.sigma_max = 1, options.sigma_min = 2;
  refused({}, options);
  options = {};
  options.label = 3;
  refused({}, options);
  options = {};
  options.levels = 1;
  refused({}, options);
  options = {};
  options.potentials = {0};
  refused({}, options);
  SymmetryInputs inputs;
  inputs.gaussian = measure_gaussian(*open_data("moons,count=9"));
  refused(inputs, {});
}

}  // namespace
}  // namespace farfield
