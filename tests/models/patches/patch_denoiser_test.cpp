// Properties of every patch denoiser. A new case in patch_cases.cpp is checked by all of them.
#include <cmath>

#include <ATen/Parallel.h>

#include "models/registry/reference_registry.h"
#include "tests/models/patches/patch_cases.h"
#include "tests/support/filtered_means.h"
#include "tests/support/normals.h"
#include "tests/support/test_support.h"
#include "tests/support/thread_count.h"

namespace farfield {
namespace {

using test::PatchCase;
using torch::Tensor;

std::vector<PatchCase> all_cases(const Tensor& images) {
  std::vector<PatchCase> cases = test::same_place_cases(images);
  for (PatchCase& one : test::window_cases(images)) cases.push_back(std::move(one));
  return cases;
}

// Three queries [3,C,H,W]: a noised image, pure noise, and a noised point between two images.
Tensor queries(const Tensor& images, double sigma, int64_t seed) {
  const Tensor wide = images.to(torch::kFloat64), last = wide[wide.size(0) - 1];
  std::vector<int64_t> shape = wide.sizes().vec();
  shape[0] = 3;
  const Tensor noise = sigma * test::normals(shape, seed);
  return torch::stack({wide[0] + noise[0], noise[1], (wide[0] + last) / 2 + 0.1 * noise[2]});
}

Tensor plain_of(const PatchCase& one, const Tensor& x, double sigma) {
  std::vector<Tensor> results;
  for (int64_t b = 0; b < x.size(0); ++b) results.push_back(one.plain(x[b], sigma));
  return torch::stack(results);
}

void expect_exact(const std::vector<PatchCase>& cases, const Tensor& images, const std::vector<double>& sigmas,
                  const std::string& what) {
  const test::ThreadCount one_thread(1);
  for (const PatchCase& one : cases) {
    for (const double sigma : sigmas) {
      const Tensor x = queries(images, sigma, 7);
      EXPECT_LE(test::deviation((*one.denoiser)(x, sigma), plain_of(one, x, sigma)), 1e-9)
          << what << ": " << one.name << " at " << sigma;
    }
  }
}

const std::vector<double> kAllSigmas = {1e-4, 1e-3, 0.01, 0.03, 0.1, 0.3, 1, 3, 80, 1e4};
const std::vector<double> kFewSigmas = {1e-4, 0.02, 0.5, 1e4};

TEST(PatchDenoisers, ExactFrom1e_4To1e4) {
  const Tensor grey = test::some_images(6, 1, 7, 5), colour = test::some_images(4, 3, 6, 6);
  expect_exact(all_cases(grey), grey, kAllSigmas, "grey 7 x 5");
  expect_exact(all_cases(colour), colour, kFewSigmas, "colour 6 x 6");
}

TEST(PatchDenoisers, ExactForOneImageDuplicatesAndConstantImages) {
  const Tensor one = test::some_images(1, 3, 5, 6);
  expect_exact(all_cases(one), one, kFewSigmas, "one image");
  const Tensor few = test::some_images(3, 1, 5, 5), twice = torch::cat({few, few, few.narrow(0, 0, 1)});
  expect_exact(all_cases(twice), twice, kFewSigmas, "duplicates");
  const Tensor constant =
      torch::tensor({-1.0, 0.25, 0.25, 1.0}, torch::kFloat64).view({4, 1, 1, 1}).expand({4, 1, 5, 5});
  expect_exact(all_cases(constant), constant, kFewSigmas, "constant images");
  // As digits are: most windows are the same background.
  Tensor digits = torch::full({5, 1, 6, 6}, -1, torch::kFloat64);
  digits.slice(2, 2, 4).slice(3, 2, 4).copy_(test::some_images(5, 1, 2, 2));
  expect_exact(all_cases(digits), digits, kAllSigmas, "background");
}

// More images than a group, and more than a shard, has.
TEST(PatchDenoisers, ExactOverManyGroupsAndShards) {
  const Tensor groups = test::some_images(70, 2, 4, 5), shards = test::some_images(1100, 1, 3, 3);
  expect_exact(test::same_place_cases(groups), groups, {0.01, 0.3, 3}, "groups");
  expect_exact(test::same_place_cases(shards), shards, {0.01, 0.2, 3}, "shards");
  const Tensor windows = test::some_images(150, 1, 3, 4);
  expect_exact(test::window_cases(windows), windows, {0.01, 0.2, 3}, "window shards");
}

TEST(PatchDenoisers, Float32IsGoodToSixDigits) {
  const test::ThreadCount one_thread(1);
  const Tensor images = test::some_images(40, 3, 6, 6).to(torch::kFloat32);
  auto cases = test::same_place_cases(images.to(torch::kFloat64));
  for (PatchCase& one : test::window_cases(images.narrow(0, 0, 4).to(torch::kFloat64))) cases.push_back(std::move(one));
  for (const PatchCase& one : cases) {
    for (const double sigma : {0.05, 0.3, 1.0, 5.0, 80.0}) {
      const Tensor x = queries(images, sigma, 3).to(torch::kFloat32), result = (*one.denoiser)(x, sigma);
      ASSERT_EQ(result.scalar_type(), torch::kFloat32);
      EXPECT_LE(test::deviation(result, plain_of(one, x.to(torch::kFloat64), sigma)), 1e-6) << one.name << " " << sigma;
    }
  }
}

// Windows of hundreds of numbers, whose products in float32 are the longest sums.
TEST(PatchDenoisers, LongProductsInFloat32AreGoodToSixDigits) {
  const Tensor images = test::some_images(40, 3, 12, 12).to(torch::kFloat32);
  for (const int64_t k : {5, 11}) {
    const auto denoiser = make_equivariant_local_score(TrainingImages(images), PatchSizes::fixed(k),
                                                       WindowMode::kZeroAll);
    double worst = 0;
    for (const double sigma : {0.3, 0.6, 1.0, 1.5, 2.5, 4.0, 20.0}) {
      const Tensor x = queries(images, sigma, 3).to(torch::kFloat32);
      worst = std::max(worst, test::deviation((*denoiser)(x, sigma), (*denoiser)(x.to(torch::kFloat64), sigma)));
    }
    EXPECT_LE(worst, 1e-6) << k;
    RecordProperty("worst_of_" + std::to_string(k), std::to_string(worst));
  }
}

TEST(PatchDenoisers, LargePatchesAreTheExactDenoiser) {
  const test::ThreadCount one_thread(1);
  const Tensor wide = test::some_images(40, 2, 5, 7), square = test::some_images(40, 3, 6, 6);
  const auto training = [](const Tensor& images) { return TrainingImages(images); };
  const HeatMaps heat(test::some_heat(5, 7), {1}, {2, 5, 7});
  const LevelTable all({1}, {1}, LevelTable::Match::kNearest);
  std::vector<std::pair<Tensor, std::unique_ptr<Denoiser>>> cases;
  for (const int64_t k : {13, 15, 999}) {
    cases.emplace_back(wide, make_local_score(training(wide), PatchSizes::fixed(k), BoxBoundary::kZero));
    cases.emplace_back(wide, make_equivariant_local_score(training(wide), PatchSizes::fixed(k), WindowMode::kBorder));
  }
  cases.emplace_back(square, make_patch_composite(training(square), PatchSizes::fixed(6)));
  cases.emplace_back(wide, make_mask_composite(training(wide), heat, all, Uncovered::kOwn));
  for (const auto& [images, denoiser] : cases) {
    for (const double sigma : {1e-3, 0.05, 0.2, 0.7, 2.0, 20.0}) {
      const Tensor x = queries(images, sigma, 4), result = (*denoiser)(x, sigma);
      for (int64_t b = 0; b < x.size(0); ++b) {
        EXPECT_LE(test::deviation(result[b], test::exact_mean(images, x[b], sigma)), 1e-12)
            << denoiser->info().name << " " << sigma;
      }
    }
  }
}

TEST(PatchDenoisers, OneTrainingImageIsTheAnswer) {
  const Tensor image = test::some_images(1, 3, 5, 6);
  for (const PatchCase& one : test::same_place_cases(image)) {
    if (one.name == "pspc-flex 0.3 zero") continue;  // 0 where no mask is
    for (const double sigma : {1e-4, 0.5, 1e4}) {
      const Tensor result = (*one.denoiser)(queries(image, sigma, 5), sigma);
      EXPECT_LE(test::deviation(result, image.expand({3, 3, 5, 6})), 1e-14) << one.name << " " << sigma;
    }
  }
}

TEST(PatchDenoisers, ShiftsOfTheCircleShiftTheAnswer) {
  const Tensor images = test::some_images(5, 2, 6, 7);
  for (const WindowMode mode : {WindowMode::kCircularInterior, WindowMode::kCircularAll}) {
    const auto denoiser = make_equivariant_local_score(TrainingImages(images), PatchSizes::fixed(3), mode);
    for (const double sigma : {0.01, 0.4, 3.0}) {
      const Tensor x = queries(images, sigma, 6), result = (*denoiser)(x, sigma);
      const Tensor shifted = (*denoiser)(x.roll({2, 3}, {2, 3}), sigma);
      EXPECT_LE(test::deviation(shifted, result.roll({2, 3}, {2, 3})), 1e-13) << denoiser->info().name << " " << sigma;
    }
  }
}

TEST(PatchDenoisers, BitsDependOnNeitherBatchNorThreads) {
  const Tensor images = test::some_images(70, 3, 6, 6);
  const int before = at::get_num_threads();
  for (const PatchCase& one : all_cases(images)) {
    for (const double sigma : {0.01, 0.4, 5.0}) {
      for (const auto dtype : {torch::kFloat64, torch::kFloat32}) {
        const Tensor x = torch::cat({queries(images, sigma, 8), queries(images, sigma, 9), queries(images, sigma, 10)})
                             .narrow(0, 0, 7)
                             .to(dtype);
        at::set_num_threads(1);
        const Tensor together = (*one.denoiser)(x, sigma);
        for (const int threads : {2, 3}) {
          at::set_num_threads(threads);
          EXPECT_TRUE((*one.denoiser)(x, sigma).equal(together)) << one.name << " " << sigma << " " << threads;
        }
        for (const int64_t i : {0, 6}) {
          EXPECT_TRUE((*one.denoiser)(x.narrow(0, i, 1), sigma).equal(together.narrow(0, i, 1))) << one.name;
        }
        auto levels = torch::logspace(-2, 2, 7, 10, torch::kFloat64);
        levels[3] = sigma;
        EXPECT_TRUE((*one.denoiser)(x, levels)[3].equal(together[3])) << one.name << " among other levels";
      }
    }
  }
  at::set_num_threads(before);
}

TEST(PatchDenoisers, FiniteAtEveryLevel) {
  const Tensor images = test::some_images(9, 3, 6, 6);
  for (const PatchCase& one : all_cases(images)) {
    for (double sigma = 1e-35; sigma < 1.1e12; sigma *= 1e4) {
      for (const auto dtype : {torch::kFloat64, torch::kFloat32}) {
        const Tensor result = (*one.denoiser)(queries(images, sigma, 2).to(dtype), sigma);
        EXPECT_TRUE(result.isfinite().all().item<bool>()) << one.name << " " << sigma;
      }
    }
  }
}

}  // namespace
}  // namespace farfield
