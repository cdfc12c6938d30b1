// EDM's augmentation pipeline: the law of its parameters, its geometry in closed form, its filters.
#include <cmath>
#include <map>
#include <numbers>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "tests/support/test_support.h"
#include "train/augment.h"
#include "train/augment_parameters.h"
#include "train/augment_warp.h"

namespace farfield {
namespace {

constexpr double kPi = std::numbers::pi;

// A smooth picture [C,H,W], one function of the place relative to the centre for each channel.
double wave(double x, double y, int64_t channel) {
  return std::sin(0.23 * x + 0.11 * y + 0.5) * std::cos(0.07 * x - 0.19 * y) + 0.1 * static_cast<double>(channel);
}

// What an image holds that is the wave at the places `map` leads to.
torch::Tensor waves(int64_t channels, int64_t height, int64_t width, const AffineMap& map = {}) {
  auto image = torch::empty({channels, height, width}, torch::kFloat32);
  for (int64_t c = 0; c < channels; ++c) {
    for (int64_t row = 0; row < height; ++row) {
      for (int64_t column = 0; column < width; ++column) {
        const double x = static_cast<double>(column) - static_cast<double>(width - 1) / 2;
        const double y = static_cast<double>(row) - static_cast<double>(height - 1) / 2;
        image[c][row][column] = wave(map.a * x + map.b * y + map.c, map.d * x + map.e * y + map.f, c);
      }
    }
  }
  return image;
}

torch::Tensor warped(const torch::Tensor& image, const AffineMap& inverse) {
  auto result = torch::empty_like(image);
  warp_image(image.const_data_ptr<float>(), {image.size(0), image.size(1), image.size(2)}, inverse,
             result.mutable_data_ptr<float>());
  return result;
}

// The same with torch's operators in float64, step by step as the paper's appendix lists them, margins of the whole
// image: padding further than the map reaches changes nothing.
torch::Tensor warped_by_torch(const torch::Tensor& image, const AffineMap& g) {
  const std::vector<double> taps = {0.015404109327027373, 0.0034907120842174702, -0.11799011114819057,
                                    -0.048311742585633,   0.4910559419267466,    0.787641141030194,
                                    0.3379294217276218,   -0.07263748278646252,  -0.021060292512300564,
                                    0.04472490177066578,  0.0017677118642428036, -0.007800708325034148};
  const int64_t c = image.size(0), h = image.size(1), w = image.size(2);
  const auto low = torch::tensor(taps, torch::kFloat64), high = low.flip(0);
  const auto filter = [&](torch::Tensor x, const torch::Tensor& f, int64_t dim, int64_t stride, int64_t pad) {
    std::vector<int64_t> shape = {c, 1, 1, 1}, strides = {1, 1}, pads = {0, 0};
    shape[dim] = 12;
    strides[dim - 2] = stride;
    pads[dim - 2] = pad;
    return torch::conv2d(
        x, f.view(dim == 3 ? torch::IntArrayRef{1, 1, 1, 12} : torch::IntArrayRef{1, 1, 12, 1}).expand(shape), {},
        strides, pads, torch::IntArrayRef{1, 1}, c);
  };
  const auto matrix = [](double a, double b, double t, double d, double e, double u) {
    return torch::tensor({a, b, t, d, e, u, 0., 0., 1.}, torch::kFloat64).view({3, 3});
  };
  auto x = torch::reflection_pad2d(image.to(torch::kFloat64).unsqueeze(0), {w - 1, w - 1, h - 1, h - 1});
  for (const int64_t dim : {3, 2}) {
    auto wide = torch::stack({x, torch::zeros_like(x)}, dim + 1).flatten(dim, dim + 1);
    x = filter(wide.narrow(dim, 0, wide.size(dim) - 1), high, dim, 1, 6);
  }
  auto m = matrix(g.a, g.b, g.c, g.d, g.e, g.f);
  m = matrix(2, 0, 0, 0, 2, 0).matmul(m).matmul(matrix(0.5, 0, 0, 0, 0.5, 0));
  m = matrix(1, 0, -0.5, 0, 1, -0.5).matmul(m).matmul(matrix(1, 0, 0.5, 0, 1, 0.5));
  const double out_h = 2. * (static_cast<double>(h) + 6), out_w = 2. * (static_cast<double>(w) + 6);
  const auto in_h = static_cast<double>(x.size(2)), in_w = static_cast<double>(x.size(3));
  m = matrix(2 / in_w, 0, 0, 0, 2 / in_h, 0).matmul(m).matmul(matrix(out_w / 2, 0, 0, 0, out_h / 2, 0));
  const auto grid = torch::affine_grid_generator(m.narrow(0, 0, 2).unsqueeze(0), {1, c, 2 * (h + 6), 2 * (w + 6)},
                                                 false);
  x = torch::grid_sampler(x, grid, 0, 0, false);
  x = filter(x, low, 3, 2, 5).narrow(3, 3, w);
  return filter(x, low, 2, 2, 5).narrow(2, 3, h)[0];
}

AffineMap rotation(double angle) { return {std::cos(angle), -std::sin(angle), 0, std::sin(angle), std::cos(angle), 0}; }

TEST(AugmentWarp, IdentityIsTheImageItself) {
  const auto noise = torch::randn({3, 12, 9});
  EXPECT_LT(test::deviation(warped(noise, {}), noise), 2e-6);
}

TEST(AugmentWarp, FollowsTheSameStepsInTorch) {
  const auto image = torch::randn({3, 16, 16}), wide = torch::randn({1, 10, 20});
  const std::vector<AffineMap> maps = {
      {}, rotation(0.7), {1.3, 0.2, 2.5, -0.1, 0.8, -1.25}, {2.5, 0, 0, 0, 2.5, 9}, {0.4, 0, -3, 0, 0.4, 0}};
  for (const auto& map : maps) {
    EXPECT_LT(test::deviation(warped(image, map), warped_by_torch(image, map)), 1e-5);
    EXPECT_LT(test::deviation(warped(wide, map), warped_by_torch(wide, map)), 1e-5);
  }
}

// A smooth picture under a known map is the function at the mapped places, away from the mirrored border.
TEST(AugmentWarp, MovesASmoothPictureByTheMap) {
  const auto image = waves(2, 32, 32);
  for (const AffineMap& map :
       {AffineMap{1, 0, 2.5, 0, 1, -1.25}, rotation(0.4), AffineMap{0.8, 0.1, 1, -0.05, 0.9, 0}}) {
    const auto inner = [](const torch::Tensor& x) { return x.slice(1, 10, 22).slice(2, 10, 22); };
    EXPECT_LT((inner(warped(image, map)) - inner(waves(2, 32, 32, map))).abs().max().item<double>(), 0.01);
  }
  // Whole pixels are exact up to the bilinear step, which they do not need.
  const auto noise = torch::randn({1, 16, 16});
  EXPECT_LT(test::deviation(warped(noise, {1, 0, 2, 0, 1, 0}).slice(2, 0, 13), noise.slice(2, 2, 15)), 1e-5);
}

TEST(AugmentParameters, TheInverseMapUndoesTheStepsOneByOne) {
  AugmentParameters one;
  EXPECT_FALSE(one.warps());
  const auto expect = [](const AffineMap& map, std::vector<double> values) {
    const std::vector<double> got = {map.a, map.b, map.c, map.d, map.e, map.f};
    for (size_t i = 0; i < 6; ++i) EXPECT_NEAR(got[i], values[i], 1e-12) << i;
  };
  expect(inverse_map(one, 32, 16), {1, 0, 0, 0, 1, 0});
  one.scale = 5;  // twice as large: half way from the centre
  expect(inverse_map(one, 32, 16), {0.5, 0, 0, 0, 0.5, 0});
  one = {};
  one.shift_x = 1;
  one.shift_y = -2;  // an eighth of 32 to the right, a quarter of 16 up
  expect(inverse_map(one, 32, 16), {1, 0, -4, 0, 1, 4});
  one = {};
  one.rotation = kPi / 2;
  expect(inverse_map(one, 32, 32), {0, -1, 0, 1, 0, 0});
  one = {};
  one.stretch = 5;
  expect(inverse_map(one, 32, 32), {0.5, 0, 0, 0, 2, 0});
  one.stretch_direction = kPi / 2;  // along y
  expect(inverse_map(one, 32, 32), {2, 0, 0, 0, 0.5, 0});
  // All together: scale, rotation, stretch, shift from left to right.
  one = {false, false, 1, 0.3, 2, 0.4, 0.5, -0.25};
  const double s = std::exp2(-0.2), u = std::exp2(0.4);
  const auto product = AffineMap{s, 0, 0, 0, s, 0} * rotation(0.3) * rotation(-0.4) * AffineMap{1 / u, 0, 0, 0, u, 0} *
                       rotation(0.4) * AffineMap{1, 0, -2, 0, 1, 1};
  expect(inverse_map(one, 32, 32), {product.a, product.b, product.c, product.d, product.e, product.f});
}

TEST(AugmentParameters, HaveTheirProbabilitiesAndMoments) {
  constexpr int64_t kCount = 40000;
  constexpr double kProbability = 0.25;
  const auto all = draw_augmentations(5, torch::arange(kCount), kProbability);
  std::map<std::string, double> rate, square;
  for (const auto& one : all) {
    rate["xflip"] += one.xflip;
    rate["yflip"] += one.yflip;
    rate["scale"] += one.scale != 0;
    rate["rotation"] += one.rotation != 0;
    rate["stretch"] += one.stretch != 0;
    rate["direction"] += one.stretch_direction != 0;
    rate["shift"] += one.shift_x != 0;
    square["scale"] += one.scale * one.scale;
    square["rotation"] += one.rotation * one.rotation;
    square["stretch"] += one.stretch * one.stretch;
    square["direction"] += one.stretch_direction * one.stretch_direction;
    square["shift"] += (one.shift_x * one.shift_x + one.shift_y * one.shift_y) / 2;
    EXPECT_LE(std::abs(one.rotation), kPi);
    EXPECT_TRUE(one.stretch != 0 || one.stretch_direction == 0);
    EXPECT_EQ(one.shift_x != 0, one.shift_y != 0);
  }
  const std::map<std::string, double> expected = {{"xflip", 0.5},     {"yflip", 0.125},  {"scale", 0.25},
                                                  {"rotation", 0.25}, {"stretch", 0.25}, {"direction", 0.125},
                                                  {"shift", 0.25}};
  for (const auto& [name, value] : expected) EXPECT_NEAR(rate[name] / kCount, value, 0.012) << name;
  for (const auto& [name, sum] : square) {  // N(0, 1), or uniform in +-pi
    const bool angle = name == "rotation" || name == "direction";
    EXPECT_NEAR(sum / rate[name], angle ? kPi * kPi / 3 : 1, angle ? 0.12 : 0.05) << name;
  }
}

TEST(Augment, TellsTheNetworkWhatWasDone) {
  const AugmentParameters one{true, false, 0.5, kPi / 2, 2, kPi / 6, -1, 3};
  const std::vector<double> expected = {1, 0, 0.5, -1, 1, 2 * std::cos(kPi / 6), 1, -1, 3};
  for (size_t i = 0; i < 9; ++i) EXPECT_NEAR(one.labels()[i], expected[i], 1e-12) << i;
  for (const double label : AugmentParameters{}.labels()) EXPECT_EQ(label, 0);
}

TEST(Augment, IsAFunctionOfThePositionAlone) {
  const auto images = torch::randn({64, 3, 8, 8}), positions = torch::arange(1000, 1064);
  const AugmentOptions options{false, 0.2};
  const auto all = augment(images, positions, 3, options);
  const auto some = torch::tensor(std::vector<int64_t>{40, 3, 17});
  const auto part = augment(images.index_select(0, some), positions.index_select(0, some), 3, options);
  EXPECT_TRUE(torch::equal(part.samples, all.samples.index_select(0, some)));
  EXPECT_TRUE(torch::equal(part.labels, all.labels.index_select(0, some)));
  EXPECT_FALSE(torch::equal(augment(images, positions, 4, options).samples, all.samples));
  int64_t untouched = 0;
  for (int64_t i = 0; i < 64; ++i) {
    if (all.labels[i].count_nonzero().item<int64_t>() > 0) continue;
    EXPECT_TRUE(torch::equal(all.samples[i], images[i]));
    ++untouched;
  }
  EXPECT_GT(untouched, 0);
  EXPECT_FALSE(augment(images, positions, 3, {}).labels.defined());
}

}  // namespace
}  // namespace farfield
