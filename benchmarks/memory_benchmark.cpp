// Whether memory grows with time: a training run with log, events and states, and sampling again and again, after a warm-up.
// `MiB_per_10000` is the least-squares slope of the resident size; wanted: at most 1.
#include <filesystem>

#include <ATen/Parallel.h>
#include <benchmark/benchmark.h>
#include <unistd.h>

#include "benchmarks/bench_support.h"
#include "core/data/loader.h"
#include "core/math/random.h"
#include "models/networks/network_denoiser.h"
#include "samplers/model_levels.h"
#include "samplers/sampler.h"
#include "samplers/solvers/solver_registry.h"
#include "train/training_run.h"

namespace farfield::bench {
namespace {

constexpr int64_t kSteps = 40'000, kWarmUp = 8'000, kLooks = 200;

TrainOptions tiny_options() {
  TrainOptions options;
  options.data = "glyphs";
  options.network.img_resolution = 8;
  options.network.img_channels = 1;
  options.network.model_channels = 8;
  options.network.channel_mult = {1, 2};
  options.network.num_blocks = 1;
  options.network.attn_resolutions = {};
  options.network.augment_dim = 9;
  options.augment.probability = 0.12;
  options.run.batch = 4;
  options.run.micro_batch = 2;
  options.run.precision = "fp32";
  return options;
}

// Resident MiB against steps; what came before kWarmUp is left out.
class Slope {
 public:
  void look(int64_t step) {
    if (step < kWarmUp) return;
    const double x = static_cast<double>(step) / 10'000, y = resident_mb();
    first_ = count_ == 0 ? y : first_;
    last_ = y;
    count_ += 1, x_ += x, y_ += y, xx_ += x * x, xy_ += x * y;
  }
  void report(benchmark::State& state) const {
    state.counters["MiB_per_10000"] = (count_ * xy_ - x_ * y_) / (count_ * xx_ - x_ * x_);
    state.counters["grown_MiB"] = last_ - first_;
    state.counters["resident_MiB"] = last_;
  }

 private:
  double count_ = 0, x_ = 0, y_ = 0, xx_ = 0, xy_ = 0, first_ = 0, last_ = 0;
};

void training_memory_slope(benchmark::State& state) {
  at::set_num_threads(1);
  const auto folder = std::filesystem::temp_directory_path() / ("farfield-memory-" + std::to_string(getpid()));
  TrainOptions options = tiny_options();
  const int64_t every = kSteps / kLooks * options.run.batch;
  options.run.images = kSteps * options.run.batch;
  options.run.tick_images = options.run.preview_images = options.run.state_images = every;
  options.run.snapshot_images = 0;
  Slope slope;
  int64_t looks = 0;
  RunRequest request;
  request.folder = folder;
  request.preview = [&](const Denoiser&, const std::filesystem::path&) { slope.look(++looks * kSteps / kLooks); };
  for (auto _ : state) run_training(options, open_data("glyphs,size=8,count=512,labels=no"), torch::kCPU, request);
  std::filesystem::remove_all(folder);
  slope.report(state);
}
BENCHMARK(training_memory_slope)->Iterations(1)->Unit(benchmark::kSecond);

void sampling_memory_slope(benchmark::State& state) {
  at::set_num_threads(1);
  ModelConfig config;
  config.network = tiny_options().network;
  config.network.augment_dim = 0;
  const auto denoiser = make_network_denoiser(make_native_model(config, keyed_generator({1})), "tiny", torch::kCPU,
                                              Precision::kFp32);
  const auto solver = make_solver("heun");
  SampleRequest request;
  request.levels = resolve_levels({}, denoiser->info());
  const auto evaluations = static_cast<int64_t>(2 * request.levels.size());
  Slope slope;
  for (auto _ : state) {
    for (int64_t done = 0, call = 0; done < kSteps; done += evaluations, ++call) {
      request.seeds = {2 * call, 2 * call + 1};
      benchmark::DoNotOptimize(sample(*denoiser, *solver, request));
      if (call % 4 == 0) slope.look(done);
    }
  }
  slope.report(state);
}
BENCHMARK(sampling_memory_slope)->Iterations(1)->Unit(benchmark::kSecond);

}  // namespace
}  // namespace farfield::bench
