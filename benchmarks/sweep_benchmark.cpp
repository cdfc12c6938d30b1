// All ranks of a mixture together against one evaluation of the full one; a field against the network's evaluations.
#include <benchmark/benchmark.h>

#include "analysis/field/field_run.h"
#include "analysis/sweep/rank_ladder.h"
#include "benchmarks/bench_support.h"
#include "core/math/random.h"
#include "models/analytic/analytic.h"
#include "models/analytic/fit.h"
#include "models/networks/network_denoiser.h"

namespace farfield::bench {
namespace {

constexpr int64_t kSweepDim = 1024, kSweepPoints = 10'000, kSweepProbes = 256;

// K Gaussians in 1,024 dimensions, fitted to image-like points; argument 0: K.
const MixtureStats& fitted_mixture(int64_t components) {
  static std::map<int64_t, MixtureStats> made;
  if (const auto found = made.find(components); found != made.end()) return found->second;
  const torch::Tensor points = image_like_points().narrow(0, 0, kSweepPoints).narrow(1, 0, kSweepDim).contiguous();
  MixtureOptions options;
  options.components = components;
  return made.emplace(components, fit_mixture(DataSource("points", points, {}, 0), options)).first->second;
}

void rank_sweep(benchmark::State& state) {
  torch::NoGradGuard no_grad;
  const MixtureStats& stats = fitted_mixture(state.range(0));
  const int64_t full = RankLadder(stats, {1}).largest_rank();
  std::vector<int64_t> ranks;
  for (const int64_t rank : {8, 16, 32, 64, 96, 128, 256, 512, 768}) {
    if (rank < full) ranks.push_back(rank);
  }
  ranks.push_back(full);
  const RankLadder ladder(stats, ranks);
  const auto mixture = make_mixture(stats, {kSweepDim});
  const double sigma = static_cast<double>(state.range(1)) / 10;
  const torch::Tensor clean = image_like_points().narrow(0, kSweepPoints, kSweepProbes).narrow(1, 0, kSweepDim);
  const torch::Tensor rows = clean.to(torch::kFloat64) +
                             sigma * torch::randn(clean.sizes(), keyed_generator({1}), torch::kFloat64);
  compare(state, [&] { benchmark::DoNotOptimize(ladder.denoise(rows, sigma)); },
          [&] { benchmark::DoNotOptimize((*mixture)(rows, sigma)); });
  state.counters["ranks"] = static_cast<double>(ranks.size());
}
BENCHMARK(rank_sweep)
    ->ArgNames({"components", "sigma*10"})
    ->Args({1, 10})
    ->Args({10, 1})
    ->Args({10, 100})
    ->Args({100, 1})
    ->Args({100, 100})
    ->Iterations(3)
    ->Unit(benchmark::kMillisecond);

// 25 x 25 points of a network of 1.0 M parameters, 3 x 32 x 32, at one level.
void field_of_a_network(benchmark::State& state) {
  torch::NoGradGuard no_grad;
  ModelConfig config;
  config.network.model_channels = 32;
  config.network.channel_mult = {1, 2, 2};
  config.network.num_blocks = 1;
  const std::shared_ptr<const Denoiser> network = make_network_denoiser(make_native_model(config, keyed_generator({1})),
                                                                        "small", torch::kCPU, Precision::kFp32);
  const ScorePlane plane = plane_through(image_like_points().narrow(0, 0, 3), {"0", "1", "2"});
  const torch::Tensor places = grid_places(plane, 25), x = plane.points(places).view({-1, 3, 32, 32});
  const Subject subject{"small", "network", network, {}};
  FieldOptions options;
  compare(state, [&] { benchmark::DoNotOptimize(plane_field(subject, plane, {3, 32, 32}, places, 1.0, options)); },
          [&] {
    for (const torch::Tensor& some : x.split(options.batch)) benchmark::DoNotOptimize((*network)(some, 1.0));
  });
}
BENCHMARK(field_of_a_network)->Iterations(3)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace farfield::bench
