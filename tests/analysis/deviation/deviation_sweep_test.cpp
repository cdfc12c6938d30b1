// Every kind of denoiser, data of any size, duplicates, few levels: a number or no value, never NaN in a mean.
#include <cmath>

#include <fmt/format.h>

#include "analysis/deviation/deviation_run.h"
#include "analysis/deviation/deviation_summary.h"
#include "models/analytic/analytic.h"
#include "models/analytic/far_field.h"
#include "models/analytic/fit.h"
#include "models/registry/reference_registry.h"
#include "tests/analysis/deviation/deviation_cases.h"
#include "tests/support/normals.h"
#include "tests/support/reference_calls.h"
#include "tests/support/test_support.h"
#include "tests/support/thread_count.h"

namespace farfield {
namespace {

using torch::Tensor;

struct SweptData {
  std::string name;
  Tensor points;
};

std::vector<SweptData> swept_data() {
  std::vector<SweptData> all;
  for (const int64_t dim : {1, 2, 3072}) {
    all.push_back({fmt::format("one point in {}", dim), test::normals({1, dim}, 1)});
    all.push_back({fmt::format("equal points in {}", dim), torch::ones({4, dim}, torch::kFloat64)});
    all.push_back({fmt::format("duplicates in {}", dim), test::normals({3, dim}, 2).repeat({2, 1})});
    all.push_back({fmt::format("points in {}", dim), test::normals({40, dim}, 3)});
  }
  all.push_back({"zeros", torch::zeros({3, 2}, torch::kFloat64)});
  return all;
}

void expect_whole(const DeviationRun& run, const std::string& what) {
  const DeviationSummary summary = summarise_deviation(run);
  for (const auto& name : deviation_names()) {
    const Tensor& values = run.measures.at(name);
    EXPECT_FALSE(values.isinf().any().item<bool>()) << what << " " << name;
    const Curve& curve = summary.curves.at(name);
    for (size_t level = 0; level < curve.mean.size(); ++level) {
      if (curve.count[level] == 0) continue;
      EXPECT_TRUE(std::isfinite(curve.mean[level])) << what << " " << name << " " << level;
    }
  }
  EXPECT_GT(summary.curves.at("d1").count[0], 0) << what;
  const std::string csv = deviation_table(run, summary).csv(), json = deviation_summary_json(run, summary);
  EXPECT_EQ(csv.find("nan"), std::string::npos) << what;
  EXPECT_EQ(csv.find("inf"), std::string::npos) << what;
  EXPECT_EQ(json.find("nan"), std::string::npos) << what;
  EXPECT_FALSE(run.neighbours.at("distance").isnan().any().item<bool>()) << what;
}

TEST(DeviationSweep, every_model_all_data_any_number_of_levels) {
  const test::ThreadCount one(1);
  int64_t runs = 0;
  for (const SweptData& swept : swept_data()) {
    const auto data = test::source_of(swept.points);
    const int64_t dim = swept.points.size(1);
    for (const auto& kind : reference_table()) {
      if (kind.of_images || is_expansion(kind.name)) continue;  // which no trajectory leads through
      if (kind.name == "piecewise") continue;                   // points evenly spaced on a line alone
      if (dim > 2 && kind.name != "delta" && kind.name != "isotropic") continue;  // eigenproblems: seconds each
      auto given = test::needed_options(kind.name, {dim});
      if (kind.name == "mixture") given["components"] = "1";
      const ReferenceOptions options(kind.name, given);
      const std::shared_ptr<const Denoiser> model = kind.fit({*data, options});
      for (const int64_t steps : {1, 2, 3}) {
        DeviationRequest request = test::deviation_request(steps == 2 ? "heun" : "euler", 3, steps);
        request.sampling.seeds = {5, 5, 6};  // the same trajectory twice
        request.k = 1;
        const DeviationRun run = run_deviation({test::against_exact(model, data), kind.name, "delta"}, request);
        expect_whole(run, fmt::format("{} on {} in {} steps", kind.name, swept.name, steps));
        // As docs/conventions.md promises of analytic models; a row of a product has the same bits elsewhere on some CPUs alone.
        const Tensor one = run.measures.at("d2").select(0, 0), other = run.measures.at("d2").select(0, 1);
        EXPECT_TRUE(torch::equal(one.isnan(), other.isnan()));
        EXPECT_LE(test::deviation(one.nan_to_num(-1), other.nan_to_num(-1)), 1e-12) << kind.name << swept.name;
        ++runs;
      }
    }
  }
  EXPECT_GE(runs, 100);
}

// x lies on the only data point: no step, no ratio; a distance of zero is a number.
TEST(DeviationSweep, a_step_of_zero_has_no_ratio) {
  const auto data = test::source_of(torch::ones({1, 2}));
  DeviationRequest request = test::deviation_request("euler", 2, 3);
  request.sampling.latents = torch::ones({2, 2}, torch::kFloat64) / 80;
  request.k = 1;
  const auto run = run_deviation({test::against_exact(make_delta(data->rows(0, 1), {2}), data), "m", "delta"}, request);
  EXPECT_TRUE(run.measures.at("ratio").isnan().all().item<bool>());
  EXPECT_EQ(run.measures.at("d2").narrow(1, 0, 3).abs().max().item<double>(), 0);
  EXPECT_EQ(run.measures.at("gain_next").narrow(1, 0, 3).abs().max().item<double>(), 0);
  expect_whole(run, "on the point");
}

// References without data points have a density and no weights; a denoiser without a density has neither.
TEST(DeviationSweep, what_is_not_known_has_no_value) {
  const auto data = test::source_of(test::normals({30, 3}, 4));
  const std::shared_ptr<const Denoiser> gaussian = make_gaussian(measure_gaussian(*data), {3});
  const auto exact = test::against_exact(gaussian, data);
  const auto against_gaussian = run_deviation({{exact.optimal, gaussian, data}, "m", "gaussian"},
                                              test::deviation_request("euler", 3, 3));
  EXPECT_TRUE(against_gaussian.measures.at("effective").isnan().all().item<bool>());
  EXPECT_FALSE(against_gaussian.measures.at("gain_next").narrow(1, 0, 3).isnan().any().item<bool>());
  expect_whole(against_gaussian, "against a Gaussian");
}

}  // namespace
}  // namespace farfield
