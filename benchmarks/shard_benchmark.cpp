// Sampling into shards against sampling the same seeds into memory.
#include <filesystem>
#include <numeric>

#include <unistd.h>

#include "analysis/sampling/sharded_sampling.h"
#include "benchmarks/bench_support.h"
#include "core/math/random.h"
#include "models/networks/network_denoiser.h"
#include "samplers/model_levels.h"
#include "samplers/solvers/solver_registry.h"

namespace farfield::bench {
namespace {

// A network of 1.0 M parameters, 3 x 32 x 32; argument 0: steps of Heun. Four shards of 64 samples, written and synced.
void sampling_into_shards(benchmark::State& state) {
  ModelConfig config;
  config.network.model_channels = 32;
  config.network.channel_mult = {1, 2, 2};
  config.network.num_blocks = 1;
  const auto network = make_network_denoiser(make_native_model(config, keyed_generator({1})), "small", torch::kCPU,
                                             Precision::kFp32);
  const auto solver = make_solver("heun");
  SampleRequest request;
  request.seeds.resize(256);
  std::iota(request.seeds.begin(), request.seeds.end(), 0);
  request.levels = resolve_levels({.steps = state.range(0)}, network->info());
  const ShardIndex index{256, 64, std::string(64, 'a'), std::string(64, 'b')};
  const auto out = std::filesystem::temp_directory_path() / ("farfield-shards-" + std::to_string(getpid()));
  compare(state, [&] {
    const PartStore parts(out, "{}", EarlierParts::kReplace);
    benchmark::DoNotOptimize(sample_to_shards(*network, *solver, request, index, 256, parts));
    parts.remove();
  }, [&] { benchmark::DoNotOptimize(sample(*network, *solver, request)); });
}
BENCHMARK(sampling_into_shards)->ArgName("steps")->Arg(2)->Arg(9)->Iterations(5)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace farfield::bench
