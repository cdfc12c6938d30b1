#include "analysis/features/pil_resize.h"

#include <cmath>

#include <gtest/gtest.h>
#include <torch/types.h>

namespace farfield {
namespace {

// (7 i^2 + 31 j + 5 i j) mod 256: edges, ramps and both ends of the range.
torch::Tensor test_picture(int64_t height, int64_t width) {
  torch::Tensor bytes = torch::empty({1, 1, height, width}, torch::kUInt8);
  for (int64_t i = 0; i < height; ++i) {
    for (int64_t j = 0; j < width; ++j)
      bytes[0][0][i][j] = static_cast<uint8_t>((7 * i * i + 31 * j + 5 * i * j) % 256);
  }
  return bytes;
}

// Sum of k times the k-th pixel, k from 1: exact in float64.
double weighted_sum(const torch::Tensor& image) {
  const torch::Tensor values = image.flatten().to(torch::kFloat64);
  return (values * torch::arange(1, values.numel() + 1, torch::kFloat64)).sum().item<double>();
}

// What Pillow 13.0.0 makes of test_picture(): Image.fromarray(a).resize((n, n), Image.BICUBIC), of bytes and in mode F.
struct PillowSays {
  int64_t height, width, size;
  double bytes, floats;
};
constexpr PillowSays kPillow[] = {{5, 7, 11, 888814, 887511.055570364},
                                  {13, 9, 4, 18120, 18122.558712005615},
                                  {6, 6, 6, 85911, 85911},
                                  {8, 5, 8, 273387, 273939.67167305946}};

TEST(PilResize, IsPillowsToTheBit) {
  for (const PillowSays& row : kPillow) {
    const torch::Tensor picture = test_picture(row.height, row.width);
    EXPECT_EQ(weighted_sum(resize_bicubic_bytes(picture, row.size)), row.bytes) << row.height << " x " << row.width;
    EXPECT_DOUBLE_EQ(weighted_sum(resize_bicubic(picture, row.size)), row.floats) << row.height << " x " << row.width;
  }
  const torch::Tensor last = resize_bicubic(test_picture(5, 7), 11)[0][0][10];
  EXPECT_EQ(last[0].item<float>(), 112.95710754394531f);
  EXPECT_EQ(last[1].item<float>(), 135.2285614013672f);
}

// The kernel's definition as a sum over all source pixels, normalised: no tables, no separation of directions.
double direct_pixel(const torch::Tensor& image, int64_t row, int64_t column, int64_t size) {
  const auto kernel = [](double x) {
    x = std::abs(x);
    if (x < 1) return 1.5 * x * x * x - 2.5 * x * x + 1;
    return x < 2 ? -0.5 * x * x * x + 2.5 * x * x - 4 * x + 2 : 0;
  };
  const auto weight = [&](int64_t from, int64_t to, int64_t source) {
    const double scale = static_cast<double>(from) / static_cast<double>(size), stretch = std::max(1.0, scale);
    return kernel((static_cast<double>(source) + 0.5 - (static_cast<double>(to) + 0.5) * scale) / stretch);
  };
  double sum = 0, total = 0;
  for (int64_t i = 0; i < image.size(0); ++i) {
    for (int64_t j = 0; j < image.size(1); ++j) {
      const double both = weight(image.size(0), row, i) * weight(image.size(1), column, j);
      sum += both * image[i][j].item<double>();
      total += both;
    }
  }
  return sum / total;
}

TEST(PilResize, IsTheKernelsSum) {
  for (const int64_t size : {3, 10, 16}) {
    const torch::Tensor picture = test_picture(12, 10).to(torch::kFloat32);
    const torch::Tensor resized = resize_bicubic(picture, size)[0][0];
    for (int64_t i = 0; i < size; ++i) {
      for (int64_t j = 0; j < size; ++j)
        EXPECT_NEAR(resized[i][j].item<double>(), direct_pixel(picture[0][0], i, j, size), 1e-4)
            << size << ": " << i << "," << j;
    }
  }
}

TEST(PilResize, ChannelsAndImagesAreAlone) {
  const torch::Tensor one = test_picture(9, 9), other = one.flip(3);
  const torch::Tensor both = torch::cat({torch::cat({one, other}, 1), torch::cat({other, one}, 1)}, 0);
  const torch::Tensor resized = resize_bicubic_bytes(both, 14);
  EXPECT_TRUE(resized[0][0].equal(resize_bicubic_bytes(one, 14)[0][0]));
  EXPECT_TRUE(resized[1][0].equal(resize_bicubic_bytes(other, 14)[0][0]));
  EXPECT_TRUE(resized[0][1].equal(resized[1][0]));
}

}  // namespace
}  // namespace farfield
