// Patch denoisers against the work that they cannot do without: one streaming sum over the same float32 images for
// those at the same place, the bare matrix products for windows and dense masks. One query image.
#include <cmath>
#include <cstdlib>
#include <filesystem>

#include <benchmark/benchmark.h>
#include <torch/types.h>

#include "benchmarks/bench_support.h"
#include "core/data/source.h"
#include "core/math/random.h"
#include "models/analytic/fit.h"
#include "models/patches/patches.h"

namespace farfield::bench {
namespace {

using torch::Tensor;

constexpr int64_t kWindowImages = 2'000;

// 50,000 of them.
const Tensor& patch_images() {
  static const Tensor images = image_like_points().view({-1, 3, 32, 32});
  return images;
}

// The same memory for every denoiser.
const TrainingImages& patch_training() {
  static const TrainingImages training(patch_images());
  return training;
}

Tensor patch_query(double sigma, torch::ScalarType dtype) {
  const Tensor noise = SampleRandom(2).normal({1, 3, 32, 32}, torch::kFloat64);
  return (patch_images().narrow(0, 77, 1).to(torch::kFloat64) + sigma * noise).to(dtype);
}

double sigma_of(const benchmark::State& state) { return static_cast<double>(state.range(1)) / 1000; }

void against_a_sum(benchmark::State& state, const Denoiser& denoiser) {
  const Tensor x = patch_query(sigma_of(state), torch::kFloat64);
  compare(state, [&] { denoiser(x, sigma_of(state)); }, [&] { benchmark::DoNotOptimize(patch_images().sum()); });
}

void local_score_50000(benchmark::State& state) {
  const torch::NoGradGuard no_grad;
  against_a_sum(state, *make_local_score(patch_training(), PatchSizes::fixed(state.range(0)), BoxBoundary::kZero));
}
BENCHMARK(local_score_50000)
    ->ArgNames({"k", "sigma_e3"})
    ->ArgsProduct({{3, 7, 15, 31}, {20, 100, 300, 1000, 80000}})
    ->Iterations(5)
    ->Unit(benchmark::kMillisecond);

void patch_composite_50000(benchmark::State& state) {
  const torch::NoGradGuard no_grad;
  against_a_sum(state, *make_patch_composite(patch_training(), PatchSizes::fixed(state.range(0))));
}
BENCHMARK(patch_composite_50000)
    ->ArgNames({"p", "sigma_e3"})
    ->ArgsProduct({{3, 7, 15, 32}, {20, 100, 300, 1000, 80000}})
    ->Iterations(5)
    ->Unit(benchmark::kMillisecond);

// The public form: one window after another, in torch.
void patch_composite_by_windows(benchmark::State& state) {
  const torch::NoGradGuard no_grad;
  const int64_t p = state.range(0);
  const double sigma = sigma_of(state);
  const Tensor images = patch_images().narrow(0, 0, kWindowImages), x = patch_query(sigma, torch::kFloat32);
  const auto denoiser = make_patch_composite(TrainingImages(images), PatchSizes::fixed(p));
  compare(state, [&] { (*denoiser)(x, sigma); }, [&] {
    Tensor sum = torch::zeros_like(x), count = torch::zeros_like(x);
    for (int64_t i = 0; i + p <= 32; ++i) {
      for (int64_t j = 0; j + p <= 32; ++j) {
        const auto window = [&](const Tensor& from) { return from.slice(2, i, i + p).slice(3, j, j + p); };
        const Tensor own = window(images);
        const Tensor logits = (own - window(x)).square().sum({1, 2, 3}) / (-2 * sigma * sigma);
        window(sum).add_((torch::softmax(logits, 0).view({-1, 1, 1, 1}) * own).sum(0, true));
        window(count).add_(1);
      }
    }
    benchmark::DoNotOptimize(sum / count);
  });
}
BENCHMARK(patch_composite_by_windows)
    ->ArgNames({"p", "sigma_e3"})
    ->Args({7, 1000})
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);

// All windows of 2,000 images: the products of the query's 1,024 windows with them, block after block.
void window_score_2000(benchmark::State& state) {
  const torch::NoGradGuard no_grad;
  const int64_t k = state.range(0), depth = 3 * k * k, windows = kWindowImages * (33 - k) * (33 - k);
  const auto dtype = state.range(2) == 64 ? torch::kFloat64 : torch::kFloat32;
  const Tensor x = patch_query(sigma_of(state), dtype), images = patch_images().narrow(0, 0, kWindowImages);
  const auto denoiser = make_equivariant_local_score(TrainingImages(images), PatchSizes::fixed(k),
                                                     WindowMode::kCircularInterior);
  const Tensor rows = torch::randn({1024, depth}, dtype), columns = torch::randn({depth, 2048}, dtype);
  Tensor product = torch::empty({1024, 2048}, dtype);
  compare(state, [&] { (*denoiser)(x, sigma_of(state)); }, [&] {
    for (int64_t first = 0; first < windows; first += 2048) torch::mm_out(product, rows, columns);
  });
}
BENCHMARK(window_score_2000)
    ->ArgNames({"k", "sigma_e3", "bits"})
    ->ArgsProduct({{5, 11}, {300, 1000, 4000}, {32, 64}})
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);

// Digits, whose windows are often equal (background) or far away: against the bare products of all windows, which is the
// least that neither merging nor pruning could do with. Needs MNIST.
void window_score_digits(benchmark::State& state) {
  const torch::NoGradGuard no_grad;
  const char* folder = std::getenv("FARFIELD_DATA");
  const std::string files = std::string(folder == nullptr ? "../shared/data" : folder) + "/mnist";
  if (!std::filesystem::exists(files))
    return state.SkipWithError("no MNIST; FARFIELD_DATA names the folder that has it");
  const int64_t k = state.range(0), depth = k * k, windows = kWindowImages * 32 * 32;
  const auto data = open_data("mnist:" + files + ",pad=32,first=" + std::to_string(kWindowImages));
  const Tensor noise = SampleRandom(2).normal({1, 1, 32, 32}, torch::kFloat64);
  const Tensor image = data->rows(torch::tensor({77})).to(torch::kFloat64);
  const Tensor x = (image + sigma_of(state) * noise).to(torch::kFloat32);
  const auto denoiser = make_equivariant_local_score({*data, TrainingOptions()}, PatchSizes::fixed(k),
                                                     WindowMode::kZeroAll);
  const Tensor rows = torch::randn({1024, depth}), columns = torch::randn({depth, 2048});
  Tensor product = torch::empty({1024, 2048});
  compare(state, [&] { (*denoiser)(x, sigma_of(state)); }, [&] {
    for (int64_t first = 0; first < windows; first += 2048) torch::mm_out(product, rows, columns);
  });
}
BENCHMARK(window_score_digits)
    ->ArgNames({"k", "sigma_e3"})
    ->ArgsProduct({{3, 5, 7, 11}, {100, 300, 1000}})
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);

// 2,000 images, d = 3072; the bare work is the product of all squared differences with the mask. Thresholds in
// thousandths of a thousandth: 1 keeps nearly everything.
void pca_locality_2000(benchmark::State& state) {
  const torch::NoGradGuard no_grad;
  const double threshold = static_cast<double>(state.range(0)) / 1e6, sigma = sigma_of(state);
  const Tensor images = patch_images().narrow(0, 0, kWindowImages), x = patch_query(sigma, torch::kFloat64);
  static const GaussianStats stats = measure_gaussian(
      DataSource("images", patch_images().narrow(0, 0, 4000).contiguous(), {}, 0));
  const auto denoiser = make_pca_locality(TrainingImages(images), stats,
                                          {.threshold = threshold, .empty = EmptyMasks::kMean});
  const Tensor squares = (images.to(torch::kFloat64) - x).square().view({kWindowImages, 3072});
  const Tensor mask = torch::ones({3072, 3072}, torch::kFloat64);
  compare(state, [&] { (*denoiser)(x, sigma); }, [&] { benchmark::DoNotOptimize(torch::mm(squares, mask)); });
}
BENCHMARK(pca_locality_2000)
    ->ArgNames({"threshold_e6", "sigma_e3"})
    ->ArgsProduct({{1, 20000, 50000, 200000}, {300, 1000}})
    ->Iterations(2)
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace farfield::bench
