// Training of EDM's CIFAR-10 DDPM++ (55.7 M parameters) on one thread: the step against its forward pass, against itself in
// bf16 and with gradient checkpointing, and what of it is not the network.
#include <ATen/Parallel.h>
#include <benchmark/benchmark.h>
#include <torch/types.h>

#include "benchmarks/bench_support.h"
#include "core/device.h"
#include "core/math/random.h"
#include "train/adam.h"
#include "train/ema.h"
#include "train/trainer.h"

namespace farfield::bench {
namespace {

TrainOptions cifar_options(int64_t batch, const std::string& precision = "fp32") {
  TrainOptions options;
  options.network.channel_mult = {2, 2, 2};
  options.network.augment_dim = 9;
  options.network.dropout = 0.13;
  options.augment.probability = 0.12;
  options.run.batch = batch;
  options.run.precision = precision;
  return options;
}

std::shared_ptr<const DataSource> pictures() {
  const auto bytes = (torch::rand({512, 3, 32, 32}, keyed_generator({1})) * 256).to(torch::kUInt8);
  return std::make_shared<DataSource>("random", bytes, torch::Tensor(), 0);
}

void cifar_training_step(benchmark::State& state) {
  at::set_num_threads(1);
  Trainer trainer(cifar_options(8), pictures(), torch::kCPU);
  const auto x = torch::randn({8, 3, 32, 32}, keyed_generator({1}));
  const auto sigma = torch::ones({8}, torch::kFloat64);
  compare(state, [&] { benchmark::DoNotOptimize(trainer.step()); }, [&] {
    torch::NoGradGuard no_grad;
    benchmark::DoNotOptimize(trainer.network()(x, sigma));
  });
}
BENCHMARK(cifar_training_step)->Iterations(5)->Unit(benchmark::kMillisecond);

// bf16 over float32: the wanted factor is 1 / ratio.
void cifar_training_step_bf16(benchmark::State& state) {
  if (!cpu_has_bf16_matrix_units()) {
    state.SkipWithError("not measurable here: this CPU has no AMX");
    return;
  }
  at::set_num_threads(1);
  Trainer mixed(cifar_options(8, "bf16"), pictures(), torch::kCPU), exact(cifar_options(8), pictures(), torch::kCPU);
  compare(state, [&] { benchmark::DoNotOptimize(mixed.step()); }, [&] { benchmark::DoNotOptimize(exact.step()); });
}
BENCHMARK(cifar_training_step_bf16)->Iterations(5)->Unit(benchmark::kMillisecond);

// What follows the backward pass, for every parameter: clipping, checks, Adam and the average, over the step.
void cifar_update_share(benchmark::State& state) {
  const bool bf16 = state.range(0) == 1;
  at::set_num_threads(1);
  Trainer trainer(cifar_options(16, bf16 ? "bf16" : "fp32"), pictures(), torch::kCPU);
  auto parameters = torch::randn({trainer.parameter_count()}, keyed_generator({1}));
  auto average = parameters.clone(), gradient = torch::randn({trainer.parameter_count()}, keyed_generator({2}));
  auto zeros = gradient.clone();  // in place of the gradient, which stays for the next round
  AdamState adam = make_adam_state(parameters);
  compare(state, [&] {
    benchmark::DoNotOptimize(clip_gradient(gradient, 1e9));
    benchmark::DoNotOptimize(adam_step(parameters, gradient, adam, 1e-3, {}));
    benchmark::DoNotOptimize(update_ema(average, parameters, 0.999));
    zeros.zero_();
  }, [&] { benchmark::DoNotOptimize(trainer.step()); });
}
BENCHMARK(cifar_update_share)->ArgName("bf16")->Arg(0)->Arg(1)->Iterations(3)->Unit(benchmark::kMillisecond);

// The step with checkpointing over the step without; `extra_MB` and `bare_extra_MB` are what each adds to weights,
// moments, gradients and average: the activations.
void cifar_gradient_checkpointing(benchmark::State& state) {
  at::set_num_threads(1);
  TrainOptions options = cifar_options(16, state.range(0) == 1 ? "bf16" : "fp32");
  Trainer plain(options, pictures(), torch::kCPU);
  options.run.gradient_checkpointing = true;
  Trainer recomputing(options, pictures(), torch::kCPU);
  plain.step(), recomputing.step();  // zeros that nothing has touched yet take no memory
  compare(state, [&] { benchmark::DoNotOptimize(recomputing.step()); },
          [&] { benchmark::DoNotOptimize(plain.step()); });
}
BENCHMARK(cifar_gradient_checkpointing)->ArgName("bf16")->Arg(0)->Arg(1)->Iterations(2)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace farfield::bench
