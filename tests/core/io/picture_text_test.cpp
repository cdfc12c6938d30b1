#include "core/io/picture_text.h"

#include <gtest/gtest.h>

namespace farfield {
namespace {

TEST(PictureText, IsBlackWithinItsLineAndWidth) {
  const std::string text = "D(x) 12.5";
  const torch::Tensor picture = torch::full({60, 200, 3}, 222, torch::kUInt8);
  draw_text(picture, text, 10, 20);
  const torch::Tensor places = (picture < 120).nonzero();
  ASSERT_GT(places.size(0), 50);
  const torch::Tensor first = std::get<0>(places.min(0)), last = std::get<0>(places.max(0));
  EXPECT_GE(first[0].item<int64_t>(), 20);
  EXPECT_LT(last[0].item<int64_t>(), 20 + kTextHeight);
  EXPECT_GE(first[1].item<int64_t>(), 9);
  EXPECT_LE(last[1].item<int64_t>(), 10 + text_width(text));
}

TEST(PictureText, SpellsWhatTheStrokesLack) {
  EXPECT_EQ(text_width("σ"), text_width("sigma"));
  EXPECT_EQ(text_width("Δx"), text_width("delta x"));
  EXPECT_EQ(text_width("é\xff\n"), text_width("???"));
}

TEST(PictureText, IsCutOffAtTheEdges) {
  const torch::Tensor picture = torch::full({10, 10, 1}, 222, torch::kUInt8);
  draw_text(picture, "far longer than the picture", -5, -5);
  draw_text(picture, "outside", 100, 100);
  EXPECT_TRUE((picture < 222).any().item<bool>());
}

}  // namespace
}  // namespace farfield
