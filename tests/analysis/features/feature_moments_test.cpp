#include "analysis/features/feature_moments.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "core/io/npz.h"
#include "tests/support/golden_analysis.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

using test::error_of;
using test::relative_deviation;

FeatureContract some_contract(int64_t dim) {
  FeatureContract contract;
  contract.name = "pixels";
  contract.dim = dim;
  return contract;
}

torch::Tensor some_features(int64_t count, int64_t dim, double offset = 0) {
  torch::manual_seed(7);
  return torch::randn({count, dim}, torch::kFloat64) * torch::linspace(0.1, 3, dim, torch::kFloat64) + offset;
}

TEST(FeatureMoments, AreTheDefinition) {
  const torch::Tensor x = some_features(41, 6, 3);
  const FeatureMoments moments = feature_moments(x, some_contract(6));
  const torch::Tensor centred = x - x.mean(0);
  EXPECT_EQ(moments.count, 41);
  EXPECT_EQ(moments.ddof, 1);
  EXPECT_LT(relative_deviation(moments.mean, x.mean(0)), 1e-14);
  EXPECT_LT(relative_deviation(moments.covariance, centred.t().matmul(centred) / 40), 1e-14);
}

TEST(FeatureMoments, MergeAsIfOneHadSeenAll) {
  const torch::Tensor x = some_features(5000, 9, 1e4);  // more than one block, far from 0
  const FeatureMoments whole = feature_moments(x, some_contract(9));
  for (const int64_t parts : {2, 3, 7}) {
    FeatureMoments all;
    for (const torch::Tensor& part : x.tensor_split(parts)) {
      const FeatureMoments one = feature_moments(part, some_contract(9));
      all = all.mean.defined() ? merge(all, one) : one;
    }
    EXPECT_EQ(all.count, 5000);
    EXPECT_LT(relative_deviation(all.mean, whole.mean), 1e-14);
    EXPECT_LT(relative_deviation(all.covariance, whole.covariance), 1e-12);
  }
}

TEST(FeatureMoments, MergingRefusesWhatIsNotTheSame) {
  const FeatureMoments a = feature_moments(some_features(5, 3), some_contract(3));
  FeatureMoments b = a;
  b.contract.name = "pca:3";
  EXPECT_STREQ(error_of([&] { merge(a, b); })->what(),
               "moments of different features are not merged: 'pixels' against 'pca:3'");
  b = a;
  b.ddof = 0;
  EXPECT_EQ(error_of([&] { merge(a, b); })->code(), ExitCode::kUsage);
  b = a;
  b.count = 0;
  EXPECT_EQ(error_of([&] { merge(a, b); })->code(), ExitCode::kUsage);
  EXPECT_EQ(error_of([&] { merge(a, feature_moments(some_features(5, 4), some_contract(4))); })->code(),
            ExitCode::kUsage);
}

TEST(FeatureMoments, RefuseTooFewAndNotFinite) {
  EXPECT_EQ(error_of([] { feature_moments(some_features(1, 3), some_contract(3)); })->code(), ExitCode::kUsage);
  torch::Tensor x = some_features(8, 3);
  x[4][1] = NAN;
  EXPECT_EQ(error_of([&] { feature_moments(x, some_contract(3)); })->code(), ExitCode::kNumeric);
}

TEST(FeatureMoments, AFileHasThemToTheBit) {
  const test::TempDir folder;
  const FeatureMoments moments = feature_moments(some_features(12, 4), some_contract(4));
  write_feature_moments(folder / "m.npz", moments);
  const FeatureMoments read = read_feature_moments(folder / "m.npz");
  EXPECT_TRUE(read.mean.equal(moments.mean));
  EXPECT_TRUE(read.covariance.equal(moments.covariance));
  EXPECT_EQ(read.count, 12);
  EXPECT_EQ(read.ddof, 1);
  EXPECT_EQ(read.contract, moments.contract);
}

// Of features that nobody has named: the contract knows no dimension.
TEST(FeatureMoments, AFileWithoutAKnownContractIsReadBack) {
  const test::TempDir folder;
  write_feature_moments(folder / "m.npz", feature_moments(some_features(12, 4), {}));
  const FeatureMoments read = read_feature_moments(folder / "m.npz");
  EXPECT_FALSE(read.contract.known());
  EXPECT_EQ(read.contract.dim, 4);
  FeatureContract wrong = some_contract(5);
  write_feature_moments(folder / "m.npz", feature_moments(some_features(12, 4), wrong));
  EXPECT_EQ(error_of([&] { read_feature_moments(folder / "m.npz"); })->code(), ExitCode::kBadFile);
}

TEST(FeatureMoments, EdmsFilesAreRead) {
  const test::TempDir folder;
  write_npz(folder / "edm.npz", {{"mu", torch::ones({3}, torch::kFloat64)}, {"sigma", torch::eye(3, torch::kFloat64)}});
  const FeatureMoments read = read_feature_moments(folder / "edm.npz");
  EXPECT_EQ(read.count, 0);
  EXPECT_EQ(read.ddof, 1);
  EXPECT_FALSE(read.contract.known());
  EXPECT_EQ(difference(read.contract, some_contract(3)), "");
  EXPECT_EQ(difference(read.contract, some_contract(4)), "3 numbers a sample against 4");
}

TEST(FeatureMoments, BadFilesAreNamed) {
  const test::TempDir folder;
  const auto refused = [&](torch::Tensor mu, torch::Tensor sigma) {
    write_npz(folder / "bad.npz", {{"mu", std::move(mu)}, {"sigma", std::move(sigma)}});
    const auto error = error_of([&] { read_feature_moments(folder / "bad.npz"); });
    EXPECT_EQ(error->code(), ExitCode::kBadFile);
    return std::string(error->what());
  };
  const torch::Tensor three = torch::ones({3}, torch::kFloat64), eye = torch::eye(3, torch::kFloat64);
  EXPECT_NE(refused(three, torch::eye(4, torch::kFloat64)).find("mu has 3 numbers"), std::string::npos);
  EXPECT_NE(refused(three / 0, eye).find("not finite"), std::string::npos);
  torch::Tensor skew = eye.clone();
  skew[0][1] = 0.5;
  EXPECT_NE(refused(three, skew).find("not symmetric"), std::string::npos);
  EXPECT_NE(refused(torch::ones({3}, torch::kInt64), eye).find("floating point"), std::string::npos);
}

TEST(FeatureMoments, golden_metrics_moments) {
  int64_t seen = 0;
  for (const test::AnalysisCase& golden : test::analysis_cases("metrics")) {
    if (golden.kind != "moments") continue;
    ++seen;
    const torch::Tensor x = golden.inputs.at("features");
    const int64_t split = golden.params.at("split");
    const FeatureMoments both = merge(feature_moments(x.narrow(0, 0, split), some_contract(x.size(1))),
                                      feature_moments(x.narrow(0, split, x.size(0) - split), some_contract(x.size(1))));
    test::expect_golden(golden, "mu", both.mean);
    test::expect_golden(golden, "sigma", both.covariance);
    test::expect_golden(golden, "sigma", feature_moments(x, some_contract(x.size(1))).covariance);
  }
  if (seen == 0) GTEST_SKIP() << "no golden vectors of metrics (set FARFIELD_GOLDEN_ANALYSIS)";
}

}  // namespace
}  // namespace farfield
