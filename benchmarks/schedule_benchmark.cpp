// Schedule search: costs of all jumps of a teacher against the Gram product they could be had from, and the dynamic program.
#include <cmath>

#include "benchmarks/bench_support.h"
#include "core/math/random.h"
#include "samplers/gits/gits_cost.h"
#include "samplers/gits/gits_dp.h"
#include "samplers/schedules/noise_levels.h"

namespace farfield::bench {
namespace {

using torch::Tensor;

constexpr int64_t kPoints = 61, kSamples = 64, kDim = 3072;

const std::vector<double>& levels() {
  static const auto grid = noise_levels({.steps = kPoints - 1, .final = "sigma_min"});
  return grid;
}

// Argument 0: the metric. 61 points, 64 x 3072, against bmm([64, 122, 3072], its transpose) in float64.
void gits_cost_matrix(benchmark::State& state) {
  const auto metric = static_cast<GitsMetric>(state.range(0));
  const Tensor states = SampleRandom(1).normal({kPoints, kSamples, kDim}, torch::kFloat64);
  const Tensor slopes = SampleRandom(2).normal({kPoints - 1, kSamples, kDim}, torch::kFloat64);
  const Tensor vectors = SampleRandom(3).normal({kSamples, 2 * kPoints, kDim}, torch::kFloat64);
  compare(state, [&] { benchmark::DoNotOptimize(gits_costs(metric, levels(), states, slopes)); },
          [&] { benchmark::DoNotOptimize(vectors.bmm(vectors.transpose(1, 2))); });
  state.SetLabel(to_string(metric));
}
BENCHMARK(gits_cost_matrix)->DenseRange(0, 2)->Iterations(5)->Unit(benchmark::kMillisecond);

// Schedules of 3 to 40 steps through 61 points.
void gits_dynamic_program(benchmark::State& state) {
  const Tensor costs = SampleRandom(1).uniform({kPoints, kPoints}, torch::kFloat64).triu(1);
  std::vector<double> times;
  for (auto _ : state) times.push_back(seconds([&] { benchmark::DoNotOptimize(gits_paths(costs, 1.15, 40)); }));
  state.counters["method_ms"] = 1e3 * median(times);
}
BENCHMARK(gits_dynamic_program)->Iterations(50)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace farfield::bench
