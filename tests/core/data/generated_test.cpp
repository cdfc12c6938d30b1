#include <gtest/gtest.h>

#include "core/data/source.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

TEST(Glyphs, AreTheSameBytesEverywhere) {
  // Only operations that IEEE 754 rounds in one way are used, so these hold on every machine and compiler.
  EXPECT_EQ(open_data("glyphs")->info().fingerprint,
            "cebcc1e5f487cb3efd8ef54f8fbec32a653eb77be18a187a3f49d308e5c0b69e");
  EXPECT_EQ(open_data("glyphs,size=32,count=100,seed=7")->info().fingerprint,
            "6e85baa7ef304512f59a9f842d92fc48b2466cbbd3235912bb1fe49790b6623d");
}

TEST(Glyphs, SampleIsAFunctionOfSeedPlaceAndSize) {
  const auto few = open_data("glyphs,size=12,count=30,seed=3"), many = open_data("glyphs,size=12,count=500,seed=3");
  EXPECT_TRUE(torch::equal(few->rows(0, 30), many->rows(0, 30)));
  EXPECT_FALSE(torch::equal(few->rows(0, 30), open_data("glyphs,size=12,count=30,seed=4")->rows(0, 30)));
  EXPECT_FALSE(torch::equal(few->rows(0, 1), few->rows(10, 1)));  // two zeros, two hands
}

TEST(Glyphs, AreBalancedDigitsOnBlackWithRoomAround) {
  for (const char* src : {"glyphs,size=8,count=200", "glyphs,count=200", "glyphs,size=128,count=200"}) {
    SCOPED_TRACE(src);
    const auto data = open_data(src);
    const int64_t side = data->info().shape[1];
    EXPECT_EQ(data->info().shape, (std::vector<int64_t>{1, side, side}));
    EXPECT_EQ(data->info().label_dim, 10);
    EXPECT_TRUE(torch::equal(data->labels().bincount(), torch::full({10}, 20, torch::kInt64)));
    const auto ink = (data->rows(0, 200) + 1) / 2;
    const double mean = ink.mean().item<double>();
    EXPECT_TRUE(mean > 0.1 && mean < 0.25) << mean;
    EXPECT_GT(ink.amax({1, 2, 3}).min().item<double>(), 0.5);  // every glyph is there
    const auto frame = torch::cat(
        {ink.select(2, 0), ink.select(2, side - 1), ink.select(3, 0), ink.select(3, side - 1)}, 1);
    EXPECT_LT(frame.mean().item<double>(), 0.03);  // at 8 pixels edges blur into it
  }
}

// Nearest class mean on unseen hands: digits that are not told apart by this would not be worth training on.
TEST(Glyphs, DigitsAreToldApart) {
  const auto train = open_data("glyphs,count=2000,seed=1"), test = open_data("glyphs,count=500,seed=2");
  const auto x = train->rows(0, 2000).flatten(1), y = test->rows(0, 500).flatten(1);
  const auto means = x.reshape({200, 10, -1}).mean(0);
  const auto right = torch::cdist(y, means).argmin(1).eq(test->labels());
  EXPECT_GT(right.to(torch::kFloat64).mean().item<double>(), 0.8);
}

TEST(Points, HaveTheirShapesAndKeepTheirFirstOnes) {
  for (const std::string kind : {"moons", "rings", "swissroll", "checkerboard", "grid"}) {
    SCOPED_TRACE(kind);
    const auto data = open_data(kind);
    EXPECT_EQ(data->info().shape, std::vector<int64_t>{2});
    EXPECT_EQ(data->info().count, 2048);
    EXPECT_EQ(data->info().label_dim, 0);
    const auto x = data->rows(0, 2048);
    EXPECT_LT(x.mean(0).abs().max().item<double>(), 0.25);
    EXPECT_TRUE(x.std().item<double>() > 0.4 && x.std().item<double>() < 2);
    EXPECT_TRUE(torch::equal(open_data(kind + ",count=5")->rows(0, 5), data->rows(0, 5)));
    EXPECT_FALSE(torch::equal(open_data(kind + ",seed=1")->rows(0, 5), data->rows(0, 5)));
  }
  const auto rings = open_data("rings")->rows(0, 2048);
  const auto off = (rings.norm(2, 1) * 2 - (rings.norm(2, 1) * 2).round()).abs();
  EXPECT_LT(off.mean().item<double>(), 0.1);
  const auto board = open_data("checkerboard")->rows(0, 2048).floor().to(torch::kInt64);
  EXPECT_TRUE((board.select(1, 0) + board.select(1, 1)).remainder(2).eq(0).all().item<bool>());
}

}  // namespace
}  // namespace farfield
