#include "core/data/subset.h"

#include <gtest/gtest.h>

#include "tests/support/test_support.h"

namespace farfield {
namespace {

std::vector<int64_t> class_counts(const torch::Tensor& labels, int64_t classes) {
  const torch::Tensor counts = torch::bincount(labels, {}, classes);
  return {counts.data_ptr<int64_t>(), counts.data_ptr<int64_t>() + counts.numel()};
}

bool rises(const torch::Tensor& rows) {
  return rows.size(0) < 2 ||
         (rows.narrow(0, 1, rows.size(0) - 1) > rows.narrow(0, 0, rows.size(0) - 1)).all().item<bool>();
}

TEST(Subset, HasAsManyOfEveryClass) {
  const torch::Tensor labels = torch::arange(1000).remainder(10);
  const torch::Tensor rows = subset_rows(labels, 10, 1000, 200, 0);
  EXPECT_TRUE(rises(rows));
  EXPECT_EQ(class_counts(labels.index_select(0, rows), 10), std::vector<int64_t>(10, 20));
  EXPECT_FALSE(torch::equal(rows, subset_rows(labels, 10, 1000, 200, 1)));
  EXPECT_TRUE(torch::equal(rows, subset_rows(labels, 10, 1000, 200, 0)));
}

// Classes of 1, 5 and 94 samples, and an empty one: what a class lacks the others give.
TEST(Subset, OfClassesThatAreShort) {
  const torch::Tensor labels =
      torch::cat({torch::zeros({1}), torch::ones({5}), torch::full({94}, 3)}).to(torch::kInt64);
  EXPECT_EQ(class_counts(labels.index_select(0, subset_rows(labels, 4, 100, 30, 0)), 4),
            (std::vector<int64_t>{1, 5, 0, 24}));
  EXPECT_EQ(class_counts(labels.index_select(0, subset_rows(labels, 4, 100, 2, 0)), 4),
            (std::vector<int64_t>{1, 1, 0, 0}));
}

TEST(Subset, WithoutLabelsIsDrawnFromAll) {
  const torch::Tensor rows = subset_rows({}, 0, 50, 20, 3);
  EXPECT_EQ(rows.size(0), 20);
  EXPECT_TRUE(rises(rows));
  EXPECT_TRUE(torch::equal(subset_rows({}, 0, 50, 60, 3), torch::arange(50)));
}

// As an option of a data source and of one that is open, the same samples and bytes.
TEST(Subset, OfAnOpenSourceIsThatOfItsText) {
  const auto whole = open_data("glyphs,count=300"), drawn = open_data("glyphs,count=300,subset=40,subset_seed=2");
  const auto subset = subset_of(*whole, 40, 2);
  EXPECT_EQ(drawn->info().count, 40);
  EXPECT_EQ(subset->info().fingerprint, drawn->info().fingerprint);
  EXPECT_EQ(subset->info().name, drawn->info().name);
  EXPECT_TRUE(subset->info().eight_bit);
  EXPECT_EQ(class_counts(drawn->labels(), 10), std::vector<int64_t>(10, 4));
}

TEST(Subset, RefusesASeedWithoutACount) {
  const auto alone = test::error_of([] { open_data("glyphs,subset_seed=2"); });
  ASSERT_TRUE(alone);
  EXPECT_EQ(alone->code(), ExitCode::kUsage);
  EXPECT_NE(std::string(alone->what()).find("subset_seed needs subset=N"), std::string::npos);
  EXPECT_EQ(test::error_of([] { open_data("glyphs,subset=0"); })->code(), ExitCode::kUsage);
}

}  // namespace
}  // namespace farfield
