// The exact denoiser, moments, eigenproblem and k-means against the matrix products they cannot do without. Every
// figure is a ratio within one run: product and method are timed in turn, the medians compared.
#include <benchmark/benchmark.h>
#include <torch/types.h>

#include "benchmarks/bench_support.h"
#include "core/math/eigen.h"
#include "core/math/kmeans.h"
#include "core/math/moments.h"
#include "core/math/random.h"
#include "models/analytic/fit.h"

namespace farfield::bench {
namespace {

using torch::Tensor;

constexpr int64_t kCount = 50'000, kDim = 3072, kExactBatch = 64;  // of image_like_points()

// argument 0: sigma in thousandths; argument 1: 32 or 64, the state's precision.
void exact_denoiser(benchmark::State& state) {
  torch::NoGradGuard no_grad;
  const double sigma = static_cast<double>(state.range(0)) / 1000;
  const auto dtype = state.range(1) == 64 ? torch::kFloat64 : torch::kFloat32;
  const auto& points = image_like_points();
  static const auto denoiser = make_delta(points, {kDim});
  const auto clean = points.slice(0, 0, kCount, kCount / kExactBatch).narrow(0, 0, kExactBatch).to(torch::kFloat64);
  const auto x = (clean + sigma * SampleRandom(2).normal({kExactBatch, kDim}, torch::kFloat64)).to(dtype);
  const auto data = dtype == torch::kFloat64 ? points.to(torch::kFloat64) : points;
  const auto weights = torch::full({kExactBatch, kCount}, 1.0 / kCount, dtype);
  compare(state, [&] { (*denoiser)(x, sigma); }, [&] {
    benchmark::DoNotOptimize(torch::mm(x, data.t()));
    benchmark::DoNotOptimize(torch::mm(weights, data));
  });
}
BENCHMARK(exact_denoiser)
    ->ArgNames({"sigma_e3", "bits"})
    ->ArgsProduct({{2, 20, 100, 200, 500, 1000, 2000, 5000, 10000, 20000, 80000}, {32, 64}})
    ->Iterations(3)
    ->Unit(benchmark::kMillisecond);

void moments_and_eigenproblem(benchmark::State& state) {
  torch::NoGradGuard no_grad;
  const auto& points = image_like_points();
  const auto wide = points.to(torch::kFloat64);
  compare(state, [&] {
    Moments moments(kDim);
    for (const auto& block : points.split(2048)) moments.add(block);
    covariance_eigen(moments.covariance());
  }, [&] { benchmark::DoNotOptimize(at::linalg_eigh(torch::mm(wide.t(), wide))); });
}
BENCHMARK(moments_and_eigenproblem)->Iterations(1)->Unit(benchmark::kMillisecond);

// One pass of Lloyd's algorithm: exact assignment, counts and means, as in kmeans().
void kmeans_pass(benchmark::State& state) {
  torch::NoGradGuard no_grad;
  const int64_t clusters = state.range(0);
  const auto& points = image_like_points();
  const auto start = kmeans(points, {.clusters = clusters, .max_iterations = 2});
  const auto centres = start.centres.to(torch::kFloat32).t().contiguous();
  compare(state, [&] {
    const auto assignment = nearest_centres(points, start.centres);
    benchmark::DoNotOptimize(cluster_means(points, assignment, start.centres));
  }, [&] {
    for (const auto& block : points.split(2048)) benchmark::DoNotOptimize(torch::mm(block, centres));
  });
}
BENCHMARK(kmeans_pass)->ArgName("K")->Arg(1000)->Iterations(2)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace farfield::bench
