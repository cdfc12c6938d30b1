#include "analysis/page/strips.h"

#include <gtest/gtest.h>

#include "core/io/image.h"

namespace farfield {
namespace {

// Two rows of three images [1,2,4], the second one short.
Strip small_strip() {
  const torch::Tensor images = torch::tensor({-1., 0., 1.}, torch::kFloat64).reshape({3, 1, 1, 1}).expand({3, 1, 2, 4});
  return {"seed 3", "sigma", {"80", "1", "0"}, {{"x", images}, {"D", images.narrow(0, 1, 2)}}};
}

// The grey levels of a picture that cover more than `least` pixels, with their number.
std::map<int64_t, int64_t> large_areas(const torch::Tensor& picture, int64_t least) {
  std::map<int64_t, int64_t> areas;
  const torch::Tensor counts = picture.flatten().to(torch::kInt64).bincount({}, 256);
  for (int64_t value = 0; value < 256; ++value) {
    if (counts[value].item<int64_t>() > least) areas[value] = counts[value].item<int64_t>();
  }
  return areas;
}

TEST(Strips, ShowEveryImageEnlargedByAWholeNumber) {
  const auto picture = strip_picture(small_strip());
  ASSERT_TRUE(picture);
  const torch::Tensor pixels = decode_image(picture->png, "strip");
  ASSERT_EQ(pixels.size(2), 1);
  const auto areas = large_areas(pixels, 1000);
  const int64_t cell = 24 * 24 * 2 * 4;  // 96 pixels for four
  EXPECT_GE(areas.at(0), cell);          // black, once; words add to it
  EXPECT_LT(areas.at(0), cell + 1000);
  EXPECT_EQ(areas.at(128), 2 * cell);
  EXPECT_EQ(areas.at(255), 2 * cell);
  EXPECT_EQ(picture->title, "seed 3");
  EXPECT_EQ(picture->alt, "seed 3: rows x, D; columns sigma 80, 1, 0");
}

TEST(Strips, MixGreyAndColour) {
  Strip strip = small_strip();
  torch::Tensor red = torch::full({3, 3, 2, 4}, -1, torch::kFloat32);
  red.select(1, 0).fill_(1);
  strip.rows[1].images = red;
  const torch::Tensor pixels = decode_image(strip_picture(strip)->png, "strip");
  ASSERT_EQ(pixels.size(2), 3);
  const torch::Tensor is_red = (pixels.select(2, 0) == 255) & (pixels.select(2, 1) == 0) & (pixels.select(2, 2) == 0);
  EXPECT_EQ(is_red.sum().item<int64_t>(), 3 * 24 * 24 * 2 * 4);
}

TEST(Strips, OfLongNamesAndManyColumnsStayReadable) {
  Strip strip = small_strip();
  strip.rows[0].label = std::string(300, 'm');
  strip.columns.assign(200, "0.0123");
  const torch::Tensor pixels = decode_image(strip_picture(strip)->png, "strip");
  EXPECT_LT(pixels.size(1), 300 + 200 * 8);
}

TEST(Strips, OfPointsAreNone) {
  Strip strip = small_strip();
  for (StripRow& row : strip.rows) row.images = torch::zeros({3, 2}, torch::kFloat64);
  EXPECT_FALSE(strip_picture(strip));
}

TEST(Strips, PlacesAreSpreadWithBothEnds) {
  EXPECT_EQ(spread_places(101, 5), (std::vector<int64_t>{0, 25, 50, 75, 100}));
  EXPECT_EQ(spread_places(3, 8), (std::vector<int64_t>{0, 1, 2}));
  EXPECT_EQ(spread_places(19, 10), (std::vector<int64_t>{0, 2, 4, 6, 8, 10, 12, 14, 16, 18}));
  EXPECT_EQ(spread_places(1, 1), (std::vector<int64_t>{0}));
  EXPECT_EQ(spread_places(5, 1), (std::vector<int64_t>{0}));
}

TEST(Strips, ScaleEveryImageByItsOwnLargest) {
  const torch::Tensor images = torch::tensor({-4., 2., 0., 0., 0.1, 0.05}, torch::kFloat64).reshape({3, 1, 1, 2});
  const torch::Tensor expected = torch::tensor({-1., 0.5, 0., 0., 1., 0.5}, torch::kFloat64).reshape({3, 1, 1, 2});
  EXPECT_TRUE(torch::equal(scaled_to_largest(images), expected));
}

}  // namespace
}  // namespace farfield
