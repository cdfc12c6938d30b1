// The measures of quality against the stored vectors.
#include "analysis/quality/frechet.h"
#include "analysis/quality/frechet_infinity.h"
#include "analysis/quality/kernel_distance.h"
#include "analysis/quality/memorisation.h"
#include "analysis/quality/precision_recall.h"
#include "analysis/quality/sliced_wasserstein.h"
#include "analysis/quality/vendi.h"
#include "tests/support/golden_analysis.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

using test::AnalysisCase;
using torch::Tensor;

std::vector<AnalysisCase> metric_cases(const std::string& kind) {
  std::vector<AnalysisCase> found;
  for (AnalysisCase& golden : test::analysis_cases("metrics")) {
    if (golden.kind == kind) found.push_back(std::move(golden));
  }
  return found;
}

#define SKIP_WITHOUT_METRICS(cases) \
  if ((cases).empty()) GTEST_SKIP() << "no golden vectors of metrics of this kind"

Tensor number(double value) { return torch::tensor(value, torch::kFloat64); }

void expect_distance(const AnalysisCase& golden, const FrechetDistance& distance, const std::string& divisor) {
  const double scale = distance.trace_a + distance.trace_b + distance.mean_term;
  const std::string output = "fd" + divisor;
  if (!golden.outputs.contains(output)) return;
  EXPECT_NEAR(distance.value, golden.outputs.at(output).item<double>(), golden.tolerance * scale) << golden.id;
  if (!golden.outputs.contains("trace_sqrt" + divisor)) return;
  expect_golden(golden, "mean_term" + divisor, number(distance.mean_term));
  expect_golden(golden, "trace1" + divisor, number(distance.trace_a));
  expect_golden(golden, "trace2" + divisor, number(distance.trace_b));
  EXPECT_NEAR(distance.trace_sqrt, golden.outputs.at("trace_sqrt" + divisor).item<double>(), golden.tolerance * scale)
      << golden.id;
}

TEST(QualityGolden, golden_metrics_frechet) {
  const auto cases = metric_cases("frechet");
  SKIP_WITHOUT_METRICS(cases);
  for (const AnalysisCase& golden : cases) {
    const Tensor a = golden.inputs.at("features1"), b = golden.inputs.at("features2");
    for (const int64_t ddof : {0, 1}) {
      expect_distance(golden, frechet_distance(frechet_factor(a, ddof), frechet_factor(b, ddof)),
                      ddof == 0 ? "_ddof0" : "_ddof1");
    }
    const FeatureMoments of_a = feature_moments(a, {}), of_b = feature_moments(b, {});
    // From moments alone half the digits are lost where a covariance has no full rank.
    const FrechetDistance of_moments = frechet_distance(frechet_factor(of_a), frechet_factor(of_b));
    const double scale = of_moments.trace_a + of_moments.trace_b + of_moments.mean_term;
    EXPECT_NEAR(of_moments.value, golden.outputs.at("fd_ddof1").item<double>(), 1e-6 * scale) << golden.id;
    if (golden.outputs.contains("sigma1")) {
      expect_golden(golden, "mu1", of_a.mean);
      expect_golden(golden, "mu2", of_b.mean);
      expect_golden(golden, "sigma1", of_a.covariance);
      expect_golden(golden, "sigma2", of_b.covariance);
    }
  }
}

TEST(QualityGolden, golden_metrics_moments) {
  const auto cases = metric_cases("moments");
  SKIP_WITHOUT_METRICS(cases);
  for (const AnalysisCase& golden : cases) {
    const Tensor features = golden.inputs.at("features");
    const auto split = golden.params.at("split").get<int64_t>();
    const FeatureMoments merged = merge(feature_moments(features.narrow(0, 0, split), {}),
                                        feature_moments(features.narrow(0, split, features.size(0) - split), {}));
    for (const FeatureMoments& moments : {merged, feature_moments(features, {})}) {
      expect_golden(golden, "mu", moments.mean);
      const Tensor expected = golden.outputs.at("sigma");
      EXPECT_LE(test::deviation(moments.covariance, expected), golden.tolerance * expected.abs().max().item<double>());
    }
  }
}

TEST(QualityGolden, golden_metrics_frechet_infinity) {
  const auto cases = metric_cases("frechet_infinity");
  SKIP_WITHOUT_METRICS(cases);
  for (const AnalysisCase& golden : cases) {
    const Tensor sizes = golden.inputs.at("sizes").to(torch::kInt64), generated = golden.inputs.at("generated");
    const std::vector<int64_t> numbers(sizes.const_data_ptr<int64_t>(),
                                       sizes.const_data_ptr<int64_t>() + sizes.numel());
    const FrechetInfinity result = frechet_infinity(generated, frechet_factor(golden.inputs.at("real")), numbers,
                                                    golden.inputs.at("permutations").to(torch::kInt64));
    expect_golden(golden, "fd_N", torch::tensor(result.distances, torch::kFloat64));
    expect_golden(golden, "fd_infinity", number(result.value));
    expect_golden(golden, "slope", number(result.slope));
  }
}

TEST(QualityGolden, golden_metrics_kid) {
  const auto cases = metric_cases("kid");
  SKIP_WITHOUT_METRICS(cases);
  for (const AnalysisCase& golden : cases) {
    const Tensor a = golden.inputs.at("features1"), b = golden.inputs.at("features2"), both = torch::cat({a, b});
    const double largest = (both.mm(both.t()) / static_cast<double>(a.size(1)) + 1).pow(3).abs().max().item<double>();
    const auto close = [&](const std::string& output, const Tensor& value) {
      EXPECT_LE(test::deviation(value, golden.outputs.at(output)), golden.tolerance * largest) << golden.id << output;
    };
    close("kid_all", number(kernel_distance(a, b)));
    const auto subsets = kernel_distance_of_subsets(a, b, golden.inputs.at("subset1").to(torch::kInt64),
                                                    golden.inputs.at("subset2").to(torch::kInt64));
    close("kid_subsets", subsets.values);
    close("kid_mean", number(subsets.mean));
    close("kid_std", number(subsets.deviation));
  }
}

void expect_balls(const AnalysisCase& golden, BallBorder border, const std::string& prefix) {
  const auto result = precision_recall(golden.inputs.at("real"), golden.inputs.at("generated"),
                                       golden.params.at("k").get<int64_t>(), border);
  const std::pair<const char*, Tensor> named[] = {
      {"precision", number(result.precision)}, {"recall", number(result.recall)},   {"density", number(result.density)},
      {"coverage", number(result.coverage)},   {"f_score", number(result.f_score)}, {"radii_real", result.radii_a},
      {"radii_generated", result.radii_b}};
  for (const auto& [output, value] : named) {
    if (golden.outputs.contains(prefix + output)) expect_golden(golden, prefix + output, value);
  }
}

TEST(QualityGolden, golden_metrics_prdc) {
  const auto cases = metric_cases("prdc");
  SKIP_WITHOUT_METRICS(cases);
  for (const AnalysisCase& golden : cases) {
    const bool both = golden.outputs.contains("strict_precision");
    expect_balls(golden, BallBorder::kOut, both ? "strict_" : "");
    expect_balls(golden, BallBorder::kIn, both ? "nonstrict_" : "");
  }
}

TEST(QualityGolden, golden_metrics_memorisation) {
  const auto cases = metric_cases("memorisation");
  SKIP_WITHOUT_METRICS(cases);
  for (const AnalysisCase& golden : cases) {
    const auto result = memorisation(golden.inputs.at("train"), golden.inputs.at("generated"),
                                     golden.params.at("threshold").get<double>());
    EXPECT_TRUE(torch::equal(result.nearest, golden.outputs.at("nearest").to(torch::kInt64))) << golden.id;
    expect_golden(golden, "d1", result.d1);
    expect_golden(golden, "d2", result.d2);
    expect_golden(golden, "ratio", result.ratio);
    expect_golden(golden, "memorised", number(result.memorised));
    expect_golden(golden, "authentic", number(result.authentic));
  }
}

TEST(QualityGolden, golden_metrics_sliced) {
  const auto cases = metric_cases("sliced");
  SKIP_WITHOUT_METRICS(cases);
  for (const AnalysisCase& golden : cases) {
    const auto result = sliced_wasserstein(golden.inputs.at("features1"), golden.inputs.at("features2"),
                                           golden.inputs.at("directions"));
    expect_golden(golden, "w2sq", result.squares);
    expect_golden(golden, "sw2sq", number(result.mean));
    expect_golden(golden, "mind", number(result.mind));
  }
}

TEST(QualityGolden, golden_metrics_vendi) {
  const auto cases = metric_cases("vendi");
  SKIP_WITHOUT_METRICS(cases);
  for (const AnalysisCase& golden : cases)
    expect_golden(golden, "vendi", number(vendi_score(golden.inputs.at("features"))));
}

}  // namespace
}  // namespace farfield
