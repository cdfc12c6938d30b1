#include "analysis/compare/ranking.h"

#include <cmath>

#include <gtest/gtest.h>

#include "analysis/compare/compare_report.h"
#include "tests/support/normals.h"

namespace farfield {
namespace {

// Data probes of three references at three levels: residuals [R][S] of each of n probes, times a little of each probe's own.
Comparison comparison_of(const std::vector<std::vector<double>>& residuals, int64_t n = 20) {
  const auto references = std::ssize(residuals), levels = std::ssize(residuals.front());
  Comparison one;
  one.kinds = {ProbeKind::kData};
  one.dimensions = 4;
  for (int64_t r = 0; r < references; ++r) one.references.push_back("r" + std::to_string(r));
  for (int64_t s = 0; s < levels; ++s) one.sigmas.push_back(0.1 * std::pow(10, s));
  const torch::Tensor own = 1 + 0.1 * test::normals({n}, 3).clamp(-2, 2);
  one.model_score = own.expand({1, levels, n}).contiguous();
  one.difference = torch::zeros({1, references, levels, n}, torch::kFloat64);
  for (int64_t r = 0; r < references; ++r) {
    for (int64_t s = 0; s < levels; ++s)
      one.difference[0][r][s] = residuals[r][s] * (1 + 0.05 * test::normals({n}, 10 + r));
  }
  one.evaluated = torch::full({references, levels}, n, torch::kInt64);
  return one;
}

TEST(Ranking, OrdersByWhatIsExplained) {
  const auto ranking = rank_references(comparison_of({{0.5, 0.2, 0.1}, {0, 0, 0}, {0.4, 0.3, 0.2}}), 200, 0);
  ASSERT_TRUE(ranking);
  EXPECT_EQ(ranking->probes, 20);
  EXPECT_EQ(ranking->levels, (std::vector<int64_t>{0, 1, 2}));
  EXPECT_EQ(ranking->overall[0].reference, 1);  // nothing is left: exactly 1
  EXPECT_EQ(ranking->overall[0].explained, 1);
  EXPECT_EQ(ranking->overall[0].low, 1);
  EXPECT_EQ(ranking->overall[1].reference, 0);
  EXPECT_NEAR(ranking->overall[1].explained, 1 - 0.8 / 3, 0.03);
  EXPECT_EQ(ranking->at_level[0][1].reference, 2);
  EXPECT_EQ(ranking->at_level[2][1].reference, 0);
  EXPECT_TRUE(std::isnan(ranking->overall[2].lead));
  for (const RankedReference& one : ranking->overall) {
    EXPECT_LE(one.low, one.explained);
    EXPECT_GE(one.high, one.explained);
  }
  EXPECT_GT(ranking->overall[0].lead_low, 0);
}

TEST(Ranking, BelowZeroCountsAsZeroOverAllLevels) {
  const auto ranking = rank_references(comparison_of({{50, 0.1, 0.1}, {0.9, 0.9, 0.9}}), 200, 0);
  EXPECT_EQ(ranking->overall[0].reference, 0);
  EXPECT_NEAR(ranking->overall[0].explained, 0.6, 0.02);
  EXPECT_EQ(ranking->at_level[0].front().reference, 1);
}

// A costly reference has few levels and probes: all are held to those.
TEST(Ranking, IsAtWhatAllHave) {
  Comparison one = comparison_of({{0.5, 0.2, 0.1}, {0.3, 0.3, 0.3}});
  one.evaluated[1][1] = 0;
  one.evaluated[1][2] = 7;
  const auto ranking = rank_references(one, 200, 0);
  EXPECT_EQ(ranking->levels, (std::vector<int64_t>{0, 2}));
  EXPECT_EQ(ranking->probes, 7);
  one.evaluated[1] = 0;
  EXPECT_FALSE(rank_references(one, 200, 0));
}

TEST(Ranking, OfOneReferenceIsNone) { EXPECT_FALSE(rank_references(comparison_of({{0.5}}), 200, 0)); }

TEST(Ranking, EqualOnesAreNotToldApart) {
  CompareResult result;
  result.comparison = comparison_of({{0.5, 0.2}, {0.5, 0.2}});
  result.comparison.difference[0][1] = result.comparison.difference[0][0];
  result.kinds = {"ls", "delta"};
  result.ranking = rank_references(result.comparison, 200, 0);
  EXPECT_EQ(result.ranking->overall[0].reference, 0);
  EXPECT_EQ(result.ranking->overall[0].lead, 0);
  EXPECT_NE(ranking_sentence(result).find("as much"), std::string::npos) << ranking_sentence(result);
  const Table table = ranking_table(result.comparison, *result.ranking);
  EXPECT_EQ(table.rows.size(), 6U);
  EXPECT_EQ(table.csv().find("nan"), std::string::npos);
}

}  // namespace
}  // namespace farfield
