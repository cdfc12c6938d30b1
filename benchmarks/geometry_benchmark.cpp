// What measuring trajectories costs: beside a network, in passes over the states' memory (one pass is a bare copy of
// it), and the principal components beside the product they are made of.
#include <cmath>

#include <ATen/Parallel.h>
#include <benchmark/benchmark.h>
#include <torch/types.h>

#include "analysis/geometry/chord_measure.h"
#include "analysis/geometry/complement_measure.h"
#include "analysis/geometry/path_geometry.h"
#include "analysis/geometry/tile.h"
#include "benchmarks/bench_support.h"
#include "core/math/random.h"
#include "models/networks/network_denoiser.h"
#include "samplers/schedules/noise_levels.h"
#include "samplers/solvers/solver_registry.h"

namespace farfield::bench {
namespace {

using torch::Tensor;

constexpr int64_t kGeometryDim = 3072, kGeometrySteps = 100, kGeometryBatch = 64;

// Costs nothing: hands out what was drawn before, another tensor at every level of four.
class FreeDenoiser final : public Denoiser {
 public:
  explicit FreeDenoiser(int64_t batch) : info_{.name = "free", .sample_shape = {kGeometryDim}} {
    for (int64_t i = 0; i < 4; ++i)
      outputs_.push_back(SampleRandom(10 + i).normal({batch, kGeometryDim}, torch::kFloat64));
  }
  const DenoiserInfo& info() const override { return info_; }

 private:
  Tensor denoise(const Tensor& x, const Tensor& sigma, const Tensor&) const override {
    const auto level = static_cast<int64_t>(std::llround(10 * std::log(1e6 * sigma[0].item<double>())));
    return outputs_[static_cast<size_t>(level % 4)].narrow(0, 0, x.size(0));
  }

  DenoiserInfo info_;
  std::vector<Tensor> outputs_;
};

SampleRequest geometry_request(int64_t batch) {
  SampleRequest request;
  for (int64_t i = 0; i < batch; ++i) request.seeds.push_back(i);
  request.levels = noise_levels({.steps = kGeometrySteps, .final = "sigma_min"});
  request.batch = batch;
  return request;
}

// A batch of 64 trajectories of 3072 numbers over 101 levels, integrated and measured; a benchmark of 16 of them in
// turn (1,024 trajectories) holds the memory of one.
void geometry_passes(benchmark::State& state) {
  torch::NoGradGuard no_grad;
  at::set_num_threads(static_cast<int>(state.range(0)));
  const FreeDenoiser denoiser(kGeometryBatch);
  const auto solver = make_solver("euler");
  const SampleRequest request = geometry_request(kGeometryBatch);
  const PathStart start = path_start(request, denoiser.info(), {0, kGeometryBatch});
  const Tensor from = torch::randn({kGeometrySteps + 1, kGeometryBatch, kGeometryDim}, torch::kFloat64);
  Tensor copy = torch::empty_like(from);
  Path path = run_path(denoiser, *solver, request, start);
  std::vector<double> measuring;
  const auto method = [&] {
    path = run_path(denoiser, *solver, request, start);
    measuring.push_back(seconds([&] { benchmark::DoNotOptimize(measure_geometry(path)); }));
  };
  compare(state, method, [&] { copy.copy_(from); });
  state.counters["passes"] = state.counters["ratio"];
  state.counters["passes_of_measures"] = 1e3 * median(measuring) / state.counters["bare_ms"];
}
BENCHMARK(geometry_passes)->ArgName("threads")->Arg(1)->Arg(2)->Iterations(16)->Unit(benchmark::kMillisecond);

// Of one trajectory, 3072 numbers over 101 levels.
void geometry_reconstruction(benchmark::State& state) {
  torch::NoGradGuard no_grad;
  at::set_num_threads(1);
  constexpr int64_t kTimes = 16;
  const Tensor rows = torch::randn({kGeometrySteps + 1, 1, kGeometryDim}, torch::kFloat64).cumsum(0);
  const Tensor matrix = rows.select(1, 0).contiguous();
  const TrajectoryRows trajectory = trajectory_rows(rows, 0);
  Tile tile(trajectory.count);
  ChordMeasure chord(trajectory.count);
  const auto for_each_tile = [&](const auto& visit) {
    for (int64_t first = 0; first < trajectory.size; first += Tile::kColumns) {
      tile.load(trajectory, first);
      visit();
    }
  };
  tile.load(trajectory, 0);
  chord.begin(tile);
  for_each_tile([&] { chord.add(tile); });
  chord.finish();
  compare(state, [&] {
    for (int64_t i = 0; i < kTimes; ++i) {
      ComplementMeasure complement(trajectory.count, true);
      for_each_tile([&] { complement.add(tile, chord); });
      complement.settle(chord);
      for_each_tile([&] { complement.add_errors(tile, chord); });
      complement.finish(chord);
      benchmark::DoNotOptimize(complement.errors);
    }
  }, [&] {
    for (int64_t i = 0; i < kTimes; ++i) benchmark::DoNotOptimize(torch::mm(matrix, matrix.t()));
  });
}
BENCHMARK(geometry_reconstruction)->Iterations(20)->Unit(benchmark::kMillisecond);

// Integration and measures of a batch without a denoiser's work, over the run of a small network (1.0 M parameters, 3 x
// 32 x 32).
void geometry_share_of_a_network(benchmark::State& state) {
  torch::NoGradGuard no_grad;
  at::set_num_threads(2);
  constexpr int64_t kBatch = 16, kTimed = 4;
  ModelConfig config;
  config.network.model_channels = 32;
  config.network.channel_mult = {1, 2, 2};
  config.network.num_blocks = 1;
  const auto network = make_network_denoiser(make_native_model(config, keyed_generator({1})), "small", torch::kCPU,
                                             Precision::kFp32);
  const FreeDenoiser denoiser(kBatch);
  const auto solver = make_solver("euler");
  const SampleRequest request = geometry_request(kBatch);
  const PathStart start = path_start(request, denoiser.info(), {0, kBatch});
  const Tensor x = start.x.view({kBatch, 3, 32, 32});
  compare(state, [&] { benchmark::DoNotOptimize(measure_geometry(run_path(denoiser, *solver, request, start))); }, [&] {
    for (int64_t i = 0; i < kTimed; ++i) benchmark::DoNotOptimize((*network)(x, 1.0));
  });
  const double evaluations = state.counters["bare_ms"] * kGeometrySteps / kTimed;
  state.counters["share"] = state.counters["method_ms"] / (state.counters["method_ms"] + evaluations);
}
BENCHMARK(geometry_share_of_a_network)->Iterations(5)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace farfield::bench
