// Exact neighbours against the product that they cannot do without.
#include <benchmark/benchmark.h>
#include <torch/types.h>

#include "analysis/neighbours/nearest_neighbours.h"
#include "benchmarks/bench_support.h"
#include "core/io/image.h"
#include "core/math/random.h"

namespace farfield::bench {
namespace {

// The five nearest of 50,000 images of bytes, for 1,000 of them with noise of standard deviation argument 0 in thousandths.
void neighbours(benchmark::State& state) {
  torch::NoGradGuard no_grad;
  constexpr int64_t kStates = 1000;
  const torch::Tensor points = image_like_points();
  const DataSource data("images", to_bytes(points.view({-1, 3, 32, 32})).permute({0, 3, 1, 2}).contiguous(), {}, 0);
  const double noise = static_cast<double>(state.range(0)) / 1000;
  const torch::Tensor states = data.rows(0, kStates) +
                               noise * SampleRandom(3).normal({kStates, 3, 32, 32}, torch::kFloat64);
  const torch::Tensor narrow = states.flatten(1).to(torch::kFloat32);
  compare(state, [&] { benchmark::DoNotOptimize(nearest_neighbours(states, data, 5)); },
          [&] { benchmark::DoNotOptimize(torch::mm(narrow, points.t())); });
}
BENCHMARK(neighbours)->ArgName("noise_e3")->Arg(1)->Arg(300)->Arg(80000)->Iterations(3)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace farfield::bench
