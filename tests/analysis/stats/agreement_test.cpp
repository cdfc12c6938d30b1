#include "analysis/stats/agreement.h"

#include <cmath>

#include "tests/support/golden_analysis.h"
#include "tests/support/normals.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

TEST(AgreementGolden, golden_patch_denoisers_agreement) {
  int64_t seen = 0;
  for (const auto& golden : test::analysis_cases("patch_denoisers")) {
    if (golden.kind != "agreement") continue;
    ++seen;
    const Agreement agreement = agreement_of(golden.inputs.at("a"), golden.inputs.at("b"));
    expect_golden(golden, "pearson", agreement.pearson);
    expect_golden(golden, "r2", agreement.r2);
    expect_golden(golden, "r2_n", agreement.r2_n);
    expect_golden(golden, "mse", agreement.mse);
    expect_golden(golden, "cosine", agreement.cosine);
  }
  if (seen == 0) GTEST_SKIP() << "no golden vectors of patch_denoisers";
}

// By hand: a = (1, 2, 3), b = (1, 3, 2) have means 2, spreads (-1, 0, 1) and (-1, 1, 0), squared distance 2.
TEST(Agreement, OfThreeNumbers) {
  const auto a = torch::tensor({{1.0, 2.0, 3.0}}), b = torch::tensor({{1.0, 3.0, 2.0}});
  const Agreement agreement = agreement_of(a, b);
  EXPECT_NEAR(agreement.pearson.item<double>(), 0.5, 1e-15);
  EXPECT_NEAR(agreement.pearson2.item<double>(), 0.25, 1e-15);
  EXPECT_NEAR(agreement.r2.item<double>(), 1.0 / 3, 1e-15);
  EXPECT_NEAR(agreement.r2_n.item<double>(), 0, 1e-15);
  EXPECT_NEAR(agreement.mse.item<double>(), 2.0 / 3, 1e-15);
  EXPECT_NEAR(agreement.cosine.item<double>(), 13.0 / 14, 1e-15);
}

TEST(Agreement, HasNoValueWhereThereIsNothingToExplain) {
  const auto a = torch::tensor({{1.0, 2.0}, {0.0, 0.0}}), b = torch::tensor({{3.0, 3.0}, {1.0, 2.0}});
  const Agreement agreement = agreement_of(a, b);
  EXPECT_TRUE(std::isnan(agreement.r2[0].item<double>()));
  EXPECT_TRUE(std::isnan(agreement.pearson[0].item<double>()));
  EXPECT_NEAR(agreement.cosine[0].item<double>(), 9 / std::sqrt(5.0 * 18), 1e-15);
  EXPECT_TRUE(std::isnan(agreement.pearson[1].item<double>()));
  EXPECT_TRUE(std::isnan(agreement.cosine[1].item<double>()));
  EXPECT_NEAR(agreement.mse[0].item<double>(), 2.5, 1e-15);
}

TEST(Agreement, IsInTheOrderOfItsNames) {
  const auto a = test::normals({3, 1, 4, 5}, 1), b = a + 0.3 * test::normals({3, 1, 4, 5}, 2);
  const Agreement agreement = agreement_of(a, b);
  const torch::Tensor all = measures_of(agreement);
  EXPECT_TRUE(torch::equal(all[agreement_index("pearson2")], agreement.pearson2));
  EXPECT_TRUE(torch::equal(all[agreement_index("r2_n")], agreement.r2_n));
  EXPECT_TRUE(torch::equal(all[agreement_index("cosine")], agreement.cosine));
  EXPECT_EQ(all.size(0), std::ssize(agreement_names()));
}

TEST(Agreement, OfASampleIsTheSameInAnyBatch) {
  const auto a = test::normals({7, 3, 8, 8}, 1), b = test::normals({7, 3, 8, 8}, 2);
  const torch::Tensor all = measures_of(agreement_of(a, b));
  for (int64_t i = 0; i < 7; ++i) {
    const torch::Tensor one = measures_of(agreement_of(a.narrow(0, i, 1), b.narrow(0, i, 1)));
    EXPECT_TRUE(torch::equal(one.squeeze(1), all.select(1, i))) << i;
  }
}

}  // namespace
}  // namespace farfield
