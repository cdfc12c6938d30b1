#include "analysis/theory/theory_run.h"

#include <cmath>
#include <filesystem>
#include <optional>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "analysis/theory/rotation.h"
#include "analysis/theory/theory_output.h"
#include "analysis/theory/theory_tables.h"
#include "core/data/source.h"
#include "core/math/moments.h"
#include "models/analytic/analytic.h"
#include "models/analytic/fit.h"
#include "models/registry/model_registry.h"
#include "samplers/schedules/noise_levels.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

TheoryInputs theory_inputs(const std::string& model, const std::string& data) {
  const auto source = open_data(data);
  TheoryInputs inputs{
      .gaussian = measure_gaussian(*source), .gaussian_text = data, .sample_shape = source->info().shape};
  if (!model.empty()) inputs.model = open_model(model, {.device = "cpu"});
  return inputs;
}

TheoryOptions theory_options(std::vector<double> levels, std::vector<int64_t> seeds) {
  TheoryOptions options;
  options.request.levels = std::move(levels);
  options.request.seeds = std::move(seeds);
  options.perturbed = 2;
  return options;
}

// Numbers or empty cells, in every table and in the summary.
void expect_numbers(const TheoryRun& run, const std::string& what) {
  for (const Table& table :
       {curves_table(run), emergence_table(run.emergence), rotation_table(run), conserved_table(run),
        prediction_table(run), perturbation_table(run), noise_map_table(run)}) {
    for (const auto& row : table.rows) {
      for (size_t i = 0; i < row.size(); ++i) {
        const auto* number = std::get_if<double>(&row[i]);
        EXPECT_TRUE(number == nullptr || std::isfinite(*number)) << what << " " << table.columns[i];
      }
    }
  }
  EXPECT_TRUE(nlohmann::json::accept(theory_summary(run))) << what;
  EXPECT_FALSE(theory_headline(run).empty());
}

TEST(TheoryRun, EveryKindOfModelAndDegenerateDataHaveNumbersOrEmptyCells) {
  const struct {
    const char *model, *data;
  } rows[] = {{"delta:moons,first=1", "moons,first=1"},                     // no variance at all
              {"isotropic:moons,count=9", "moons,count=9"},                 // x_0 parallel to x_T but for the mean
              {"diagonal:glyphs,size=8,first=3", "glyphs,size=8,first=3"},  // most directions without variance
              {"mixture:rings,count=50,components=3", "rings,count=50"},
              {"gaussian:glyphs,size=8,count=40,rank=3", "glyphs,size=8,count=40"},
              {"", "glyphs,size=8,count=20"}};
  for (const auto& row : rows) {
    for (const std::vector<double>& levels : {std::vector<double>{5, 0}, {5, 1, 0}, {2, 0.1}, {3, 1, 0.5, 0.1}}) {
      const TheoryRun run = run_theory(theory_inputs(row.model, row.data), theory_options(levels, {3, 3, 0}));
      expect_numbers(run, std::string(row.model) + " of " + row.data);
    }
  }
}

TEST(TheoryRun, OfOneAndOfManyDimensionsAndOfStatesThatAreZero) {
  for (const int64_t d : {1, 2, 3072}) {
    const int64_t rank = std::min<int64_t>(d, 2);
    TheoryInputs inputs;
    inputs.gaussian = GaussianStats{torch::zeros({d}, torch::kFloat64),
                                    torch::eye(d, torch::kFloat64).narrow(1, 0, rank).contiguous(),
                                    torch::linspace(4, d == 1 ? 4 : 1, rank, torch::kFloat64), 0, 0};
    inputs.sample_shape = {d};
    inputs.model = make_gaussian(*inputs.gaussian, {d});
    TheoryOptions options = theory_options(noise_levels({.steps = 3}), {0, 1});
    expect_numbers(run_theory(inputs, options), std::to_string(d) + " dimensions");
    options.request.latents = torch::zeros({2, d}, torch::kFloat64);  // chords, planes and slopes of length 0
    expect_numbers(run_theory(inputs, options), std::to_string(d) + " dimensions, from 0");
  }
}

TEST(TheoryRun, OfEigenvaluesAloneNeedsNoData) {
  for (const std::string& process : process_names()) {
    TheoryOptions options = theory_options(noise_levels({.steps = 5}), {0});
    options.process = process;
    options.eigenvalues = {0, 1, 100, 1};
    const TheoryRun run = run_theory({}, options);
    EXPECT_EQ(run.eigenvalues, (std::vector<double>{100, 1, 0})) << "each once, falling";
    EXPECT_TRUE(run.paths.empty());
    expect_numbers(run, process);
  }
}

// The measures of given paths have the same bits among any others.
TEST(TheoryRun, MeasuresDoNotDependOnTheOtherTrajectories) {
  const TheoryInputs inputs = theory_inputs("delta:glyphs,size=8,count=40", "glyphs,size=8,count=40");
  torch::manual_seed(1);
  const std::vector<double> levels = {10, 3, 1, 0.2, 0};
  const Path all{levels, torch::randn({5, 7, 1, 8, 8}, torch::kFloat64), torch::randn({4, 7, 1, 8, 8}, torch::kFloat64),
                 0};
  const Path some{levels, all.states.narrow(1, 3, 2).contiguous(), all.denoised.narrow(1, 3, 2).contiguous(), 0};
  const Directions directions = choose_directions(*inputs.gaussian, {}, 3);
  const Arrays whole = measure_theory(all, *inputs.gaussian, directions);
  const Arrays part = measure_theory(some, *inputs.gaussian, directions);
  for (const std::string& name : theory_arrays()) {
    const torch::Tensor expected = whole.at(name).narrow(0, 3, 2);
    if (name == "coefficient" || name.starts_with("energy")) {  // by matrix products
      EXPECT_LE(test::deviation(part.at(name), expected), 1e-12) << name;
    } else {
      EXPECT_TRUE(torch::equal(part.at(name), expected)) << name;
    }
  }
}

// A rotation of data and latents leaves every scalar unchanged.
TEST(TheoryRun, IsUnchangedByACommonRotation) {
  torch::manual_seed(2);
  const torch::Tensor q = std::get<0>(torch::linalg_qr(torch::randn({6, 6}, torch::kFloat64)));
  const GaussianStats plain{torch::randn({6}, torch::kFloat64), torch::eye(6, torch::kFloat64),
                            torch::tensor({9.0, 4.0, 1.0, 0.3, 0.1, 0.0}, torch::kFloat64), 0, 0};
  const GaussianStats turned{q.matmul(plain.mean), q, plain.eigenvalues, 0, 0};
  const torch::Tensor latents = torch::randn({5, 6}, torch::kFloat64);
  const auto measured = [&](const GaussianStats& gaussian, const torch::Tensor& start) {
    TheoryInputs inputs;
    inputs.gaussian = gaussian;
    inputs.sample_shape = {6};
    inputs.model = make_gaussian(gaussian, {6});
    TheoryOptions options = theory_options(noise_levels({.steps = 6}), {0, 1, 2, 3, 4});
    options.request.latents = start;
    TheoryRun run = run_theory(inputs, options);
    for (const auto& [name, values] : run.perturbations) run.paths["perturbation_" + name] = values;
    return run.paths;
  };
  const Arrays one = measured(plain, latents), other = measured(turned, latents.matmul(q.t()));
  for (const auto& [name, values] : one) EXPECT_LE(test::deviation(values, other.at(name)), 1e-9) << name;
}

// The eigenvalues of the 50,000 training images, falling: all that the rotation's error and the plane's energy depend on.
std::optional<std::vector<double>> cifar_eigenvalues() {
  const auto folder = test::data_dir();
  if (!folder || !std::filesystem::exists(*folder / "cifar10" / "cifar10-32x32.zip")) return std::nullopt;
  const auto data = open_data((*folder / "cifar10" / "cifar10-32x32.zip").string());
  Moments moments(3072);
  for_each_rows(*data, [&](const torch::Tensor& rows) { moments.add(rows); });
  const torch::Tensor values = torch::linalg_eigvalsh(moments.covariance(), "L").clamp_min(0).contiguous();
  return std::vector<double>(values.const_data_ptr<double>(), values.const_data_ptr<double>() + values.numel());
}

TEST(TheoryRun, OfCifar10HasTheErrorsAndEnergiesKnown) {
  const auto eigenvalues = cifar_eigenvalues();
  if (!eigenvalues) GTEST_SKIP() << "no CIFAR-10";
  const GaussianStats gaussian = gaussian_of_eigenvalues(*eigenvalues);
  EXPECT_NEAR(gaussian.total_variance() / 754.6, 1, 0.01);
  EXPECT_NEAR(gaussian.eigenvalues.sqrt().sum().item<double>() / 410.88, 1, 0.01);
  const double roots[] = {14.840, 9.242, 7.126, 5.281, 5.228, 4.617, 4.537, 4.056, 3.954, 3.303};
  for (int64_t k = 0; k < 10; ++k) EXPECT_NEAR(std::sqrt(gaussian.eigenvalues[k].item<double>()) / roots[k], 1, 0.01);
  double most = 0, most_sigma = 0;
  for (int i = 0; i <= 2000; ++i) {
    const double sigma = std::exp(-1 + i / 1000.0), error = expected_rotation_error(gaussian, vp_alpha(sigma));
    if (error > most) most = error, most_sigma = sigma;
  }
  EXPECT_NEAR(most / 0.01487, 1, 0.01);
  EXPECT_NEAR(most_sigma / 0.902, 1, 0.01);

  // From pure noise: at the usual sigma_T = 80 alpha_T x_0 is a tenth of the error at sigma = 20.
  const std::vector<double> levels = {1e5, 20, 5, 2, 1, 0.5, 0.1, 0};
  const double errors[] = {0.000434, 0.003606, 0.010299, 0.014774, 0.012191, 0.001979};
  const double energies[] = {0.99999, 0.99953, 0.99710, 0.99237, 0.98799, 0.99642};
  SampleRequest request = theory_options(levels, {}).request;
  for (int64_t seed = 0; seed < 64; ++seed) request.seeds.push_back(seed);
  const PathStart start = path_start(request, {.name = "CIFAR-10's Gaussian", .sample_shape = {3072}}, {0, 64});
  const Arrays measured = measure_theory(gaussian_path(gaussian, start.x, levels), gaussian,
                                         choose_directions(gaussian, {1}, 1));
  for (int64_t n = 0; n < 6; ++n) {
    const double alpha = vp_alpha(levels[n + 1]);
    EXPECT_NEAR(expected_rotation_error(gaussian, alpha) / errors[n], 1, 0.002) << levels[n + 1];
    // At high noise few components make the error: 64 seeds know it to 4.2 % at sigma 20, to 0.6 % at 0.1.
    double squares = 0, fourths = 0;
    for (const double l : *eigenvalues) {
      const double square = std::pow(rotation_deficit(l, alpha), 2);
      squares += square, fourths += square * square;
    }
    const double standard_error = std::sqrt(2 * fourths / 64) / squares;
    EXPECT_NEAR(measured.at("rotation_error").select(1, n + 1).mean().item<double>() / errors[n], 1, 3 * standard_error)
        << levels[n + 1] << ", standard error " << standard_error;
    EXPECT_NEAR(measured.at("share").select(1, n + 1).mean().item<double>(), energies[n], 2e-4) << levels[n + 1];
  }
}

}  // namespace
}  // namespace farfield
