// Measures of quality against the products and decompositions that they cannot do without.
#include <benchmark/benchmark.h>
#include <torch/types.h>

#include <ATen/ops/linalg_eigh.h>
#include <ATen/ops/linalg_svdvals.h>

#include "analysis/quality/frechet.h"
#include "analysis/quality/precision_recall.h"
#include "benchmarks/bench_support.h"
#include "core/math/random.h"

namespace farfield::bench {
namespace {

using torch::Tensor;

Tensor random_features(int64_t count, int64_t dim, uint64_t seed, torch::ScalarType dtype) {
  return torch::randn({count, dim}, keyed_generator({seed}), dtype);
}

// From moments: against two symmetric eigenproblems and the singular values of one matrix of the size.
void frechet_of_moments(benchmark::State& state) {
  const torch::NoGradGuard no_grad;
  const int64_t dim = state.range(0);
  const FeatureMoments a = feature_moments(random_features(2 * dim, dim, 1, torch::kFloat32), {});
  const FeatureMoments b = feature_moments(random_features(2 * dim, dim, 2, torch::kFloat32), {});
  const Tensor square = random_features(dim, dim, 3, torch::kFloat64);
  compare(state, [&] { frechet_distance(frechet_factor(a), frechet_factor(b)); }, [&] {
    benchmark::DoNotOptimize(at::linalg_eigh(a.covariance));
    benchmark::DoNotOptimize(at::linalg_eigh(b.covariance));
    benchmark::DoNotOptimize(at::linalg_svdvals(square));
  });
}
BENCHMARK(frechet_of_moments)->ArgName("d")->Arg(512)->Arg(2048)->Iterations(1)->Unit(benchmark::kMillisecond);

void feature_moments_against_product(benchmark::State& state) {
  const torch::NoGradGuard no_grad;
  const Tensor features = random_features(state.range(0), 2048, 1, torch::kFloat32);
  Tensor product = torch::zeros({2048, 2048}, torch::kFloat64);
  compare(state, [&] { feature_moments(features, {}); }, [&] {
    for (const Tensor& block : features.split(2048)) {
      const Tensor wide = block.to(torch::kFloat64);
      product.addmm_(wide.t(), wide);
    }
  });
}
BENCHMARK(feature_moments_against_product)
    ->ArgName("n")
    ->Arg(10000)
    ->Arg(50000)
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);

void precision_recall_against_products(benchmark::State& state) {
  const torch::NoGradGuard no_grad;
  const int64_t count = state.range(0);
  const Tensor a = random_features(count, 2048, 1, torch::kFloat64),
               b = random_features(count, 2048, 2, torch::kFloat64);
  Tensor block = torch::empty({count / 10, count}, torch::kFloat64);
  compare(state, [&] { precision_recall(a, b, 3, BallBorder::kIn); }, [&] {
    for (const auto& [rows, columns] : {std::pair{a, a}, {b, b}, {b, a}}) {
      for (const Tensor& some : rows.split(count / 10)) torch::mm_out(block, some, columns.t());
    }
  });
}
BENCHMARK(precision_recall_against_products)
    ->ArgName("n")
    ->Arg(2000)
    ->Arg(10000)
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace farfield::bench
