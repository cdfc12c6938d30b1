// Training of configs/train/mnist.yaml's network (1.0 M parameters, 32 x 32, batch 128) against its own forward pass.
#include <ATen/Parallel.h>
#include <benchmark/benchmark.h>
#include <torch/types.h>

#include "benchmarks/bench_support.h"
#include "core/data/loader.h"
#include "core/math/random.h"
#include "train/adam.h"
#include "train/ema.h"
#include "train/trainer.h"

namespace farfield::bench {
namespace {

constexpr int64_t kTrainingBatch = 128;

TrainOptions mnist_options() {
  TrainOptions options;
  options.network.img_resolution = 32;
  options.network.img_channels = 1;
  options.network.model_channels = 16;
  options.network.channel_mult = {1, 2, 3, 4};
  options.network.num_blocks = 1;
  options.network.attn_resolutions = {};
  options.network.dropout = 0;
  options.run.batch = kTrainingBatch;
  return options;
}

std::shared_ptr<const DataSource> pictures() { return open_data("glyphs,size=32,count=2048,labels=no"); }

// The whole step (data, noise, forward, backward, Adam, averaging, checks) over the forward pass without gradients.
void training_step(benchmark::State& state) {
  at::set_num_threads(static_cast<int>(state.range(0)));
  Trainer trainer(mnist_options(), pictures(), torch::kCPU);
  const auto x = torch::randn({kTrainingBatch, 1, 32, 32}, keyed_generator({1}));
  const auto sigma = torch::ones({kTrainingBatch}, torch::kFloat64);
  compare(state, [&] { benchmark::DoNotOptimize(trainer.step()); }, [&] {
    torch::NoGradGuard no_grad;
    benchmark::DoNotOptimize(trainer.network()(x, sigma));
  });
}
BENCHMARK(training_step)->ArgName("threads")->Arg(1)->Arg(2)->Iterations(7)->Unit(benchmark::kMillisecond);

// What a batch costs the loader's thread, hidden behind the step or not, over the step.
void training_loader_share(benchmark::State& state) {
  at::set_num_threads(1);
  const auto data = pictures();
  Trainer trainer(mnist_options(), data, torch::kCPU);
  Loader::Options options;
  options.batch = kTrainingBatch;
  Loader loader(data, options);
  for (int64_t i = 0; i < 2 * Loader::kReadAhead; ++i) loader.next();
  compare(state, [&] { benchmark::DoNotOptimize(loader.next()); }, [&] { benchmark::DoNotOptimize(trainer.step()); });
}
BENCHMARK(training_loader_share)->Iterations(7)->Unit(benchmark::kMillisecond);

// Adam and the moving average over the network's parameters, over the step.
void training_update_share(benchmark::State& state) {
  at::set_num_threads(1);
  Trainer trainer(mnist_options(), pictures(), torch::kCPU);
  auto parameters = torch::randn({trainer.parameter_count()}, keyed_generator({1}));
  auto average = parameters.clone();
  const auto gradient = torch::randn({trainer.parameter_count()}, keyed_generator({2}));
  AdamState adam = make_adam_state(parameters);
  compare(state, [&] {
    adam_step(parameters, gradient, adam, 1e-3, {});
    update_ema(average, parameters, 0.999);
  }, [&] { benchmark::DoNotOptimize(trainer.step()); });
}
BENCHMARK(training_update_share)->Iterations(7)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace farfield::bench
