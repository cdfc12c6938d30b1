// The whole measurement: every kind of denoiser, every size, any batch, and what its summary says.
#include "analysis/geometry/geometry_run.h"

#include <cmath>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "analysis/geometry/geometry_summary.h"
#include "core/math/random.h"
#include "models/analytic/analytic.h"
#include "models/registry/model_registry.h"
#include "tests/analysis/geometry/document_path.h"
#include "tests/support/test_support.h"
#include "tests/support/thread_count.h"

namespace farfield {
namespace {

using torch::Tensor;

std::shared_ptr<const DataSource> points_of(int64_t size, int64_t count = 6) {
  return std::make_shared<const DataSource>("points", SampleRandom(size).normal({count, size}, torch::kFloat32),
                                            Tensor(), 0);
}

GeometryRequest request_of(std::vector<int64_t> seeds, int64_t steps, int64_t batch = 64) {
  GeometryRequest request;
  request.sampling.seeds = std::move(seeds);
  request.sampling.batch = batch;
  request.sampling.levels = test::document_levels(steps);
  return request;
}

// Every kind that is fitted to these points; a Gaussian and a mixture of many dimensions from two directions.
std::vector<std::shared_ptr<const Denoiser>> denoisers_of(const std::shared_ptr<const DataSource>& data) {
  std::vector<std::shared_ptr<const Denoiser>> all;
  const int64_t size = data->info().shape[0];
  for (const std::string kind : {"isotropic", "diagonal", "delta", "gaussian", "mixture,components=2"}) {
    if (size > 100 && (kind == "gaussian" || kind.starts_with("mixture"))) continue;
    all.push_back(open_model(kind, {.data = data}));
  }
  const int64_t rank = std::min<int64_t>(2, size);
  all.push_back(
      make_gaussian({torch::zeros({size}, torch::kFloat64), torch::eye(size, torch::kFloat64).narrow(1, 0, rank),
                     torch::ones({rank}, torch::kFloat64), 0.1, 0},
                    {size}));
  return all;
}

TEST(GeometryRun, EveryKindAndSizeHasNumbersOrNone) {
  const test::ThreadCount one_thread(1);
  int runs = 0;
  for (const int64_t size : {1, 2, 3072}) {
    const auto data = points_of(size);
    for (const auto& denoiser : denoisers_of(data)) {
      for (const int64_t steps : {1, 2, 3}) {
        const GeometryRun run = run_geometry({"", denoiser, size > 100 ? nullptr : data}, request_of({4, 4, 9}, steps));
        for (const MeasuredPaths& path : run.paths) {
          for (const auto& [name, array] : path.arrays) {
            EXPECT_FALSE(array.isinf().any().item<bool>()) << denoiser->info().name << " " << name << " " << size;
            EXPECT_TRUE(torch::equal(array[0].nan_to_num(7), array[1].nan_to_num(7))) << name;  // the same seed
          }
          const PathSummary summary = summarise_path(run, path);
          EXPECT_TRUE(std::isfinite(summary.states.max_mean_deviation) && std::isfinite(summary.length.mean));
          EXPECT_EQ(summary_of(summary).dump().find("nan"), std::string::npos);
          ++runs;
        }
      }
    }
  }
  EXPECT_GT(runs, 50);
}

// Analytic models in float64: batches differ by rounding, well below 1e-12 of what is measured.
TEST(GeometryRun, BatchesDoNotMatter) {
  const test::ThreadCount one_thread(1);
  const auto data = points_of(20, 30);
  const GeometryInputs inputs{"", open_model("mixture,components=3", {.data = data}), data};
  const GeometryRun one = run_geometry(inputs, request_of({0, 1, 2, 3, 4}, 20, 1)),
                    all = run_geometry(inputs, request_of({0, 1, 2, 3, 4}, 20, 64));
  for (size_t i = 0; i < all.paths.size(); ++i) {
    for (const char* name : {"norm_x", "norm_d", "norm_eps", "deviation", "distance", "deviation_d", "distance_d",
                             "cos_end", "length", "reconstruction", "forward"}) {
      const Tensor a = std::string(name) == "forward" ? one.forward : one.paths[i].arrays.at(name),
                   b = std::string(name) == "forward" ? all.forward : all.paths[i].arrays.at(name);
      const double scale = one.paths[i].arrays.at("norm_x").max().item<double>();
      EXPECT_LE((a - b).nan_to_num(0).abs().max().item<double>(), 1e-12 * scale) << name << " " << all.paths[i].name;
    }
  }
}

// The exact denoiser of the data as the model: its measures are those of the path called exact, and its ends are data.
TEST(GeometryRun, TheExactDenoiserIsItsOwnReference) {
  const auto data = points_of(5);
  GeometryRequest request = request_of({0, 1, 2}, 12);
  request.sampling.levels.back() = 0;
  const GeometryRun run = run_geometry({"", open_model("delta", {.data = data}), data}, request);
  for (const auto& [name, array] : run.paths[0].arrays)
    EXPECT_TRUE(torch::equal(array.nan_to_num(0), run.paths[1].arrays.at(name).nan_to_num(0))) << name;
  const Tensor norms = data->rows(0, 6).to(torch::kFloat64).norm(2, 1);
  for (int64_t i = 0; i < 3; ++i) {
    const double end = run.paths[0].arrays.at("norm_x")[i][-1].item<double>();
    EXPECT_LE((norms - end).abs().min().item<double>(), 1e-6);
  }
}

TEST(GeometryRun, SaysWhereObservationsDoNotHold) {
  GeometryRun run;
  run.levels = {4, 3, 2, 1};
  run.dimensions = 1;
  Path path{run.levels, torch::tensor({4., 2., 3., 1.}, torch::kFloat64).view({4, 1, 1}),
            torch::tensor({0.1, 0.3, 0.2}, torch::kFloat64).view({3, 1, 1}), 3};
  run.paths = {{"x", "network", "", measure_geometry(path), 3}};
  const PathSummary summary = summarise_path(run, run.paths[0]);
  std::map<std::string, std::vector<double>> not_at;
  for (const Observation& one : summary.observations) not_at[one.name] = one.not_at;
  EXPECT_EQ(not_at["norm_x_falls"], (std::vector<double>{2}));
  EXPECT_EQ(not_at["norm_d_rises"], (std::vector<double>{2}));
  EXPECT_EQ(not_at["distance_falls"], (std::vector<double>{2}));
  EXPECT_EQ(not_at["distance_d_falls"], (std::vector<double>{}));  // 0.1, 0.1, 0
  EXPECT_EQ(not_at["denoising_is_nearer"], (std::vector<double>{}));
}

}  // namespace
}  // namespace farfield
