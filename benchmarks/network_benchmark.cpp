// Networks against what the machine can do at best: EDM's CIFAR-10 network against a bare matrix product (fp32) and a bare
// 3x3 convolution (bf16). Both are timed in turn within one run; `of_peak` is the ratio of the two rates.
#include <ATen/Parallel.h>
#include <benchmark/benchmark.h>
#include <torch/types.h>

#include "benchmarks/bench_support.h"
#include "core/device.h"
#include "core/math/random.h"
#include "models/networks/network_denoiser.h"

namespace farfield::bench {
namespace {

using torch::Tensor;

constexpr int64_t kSamplingBatch = 16;
constexpr double kNetworkFlop = 42.03e9 * kSamplingBatch;  // multiply-adds counted twice

// CIFAR-10 DDPM++ of Karras et al. 2022: 55.7 M parameters.
NativeModel cifar_network() {
  ModelConfig config;
  config.network.channel_mult = {2, 2, 2};
  config.network.augment_dim = 9;
  config.network.dropout = 0.13;
  return make_native_model(config, keyed_generator({1}));
}

void set_rates(benchmark::State& state, double bare_flop) {
  const double of_peak = kNetworkFlop / bare_flop / state.counters["ratio"];
  state.counters["of_peak"] = of_peak;
  state.counters["bare_gflops"] = bare_flop / 1e6 / state.counters["bare_ms"];
  state.counters["images_s"] = 1e3 * kSamplingBatch / state.counters["method_ms"];
}

Tensor state_of_sampler() { return torch::randn({kSamplingBatch, 3, 32, 32}, keyed_generator({2}), torch::kFloat64); }

void ddpmpp_cifar10_fp32(benchmark::State& state) {
  torch::NoGradGuard no_grad;
  at::set_num_threads(2);
  const auto denoiser = make_network_denoiser(cifar_network(), "ddpm++", torch::kCPU, Precision::kFp32);
  const Tensor x = state_of_sampler();
  constexpr int64_t kSize = 2048, kProducts = 8;
  const Tensor a = torch::randn({kSize, kSize}, keyed_generator({3})),
               b = torch::randn({kSize, kSize}, keyed_generator({4}));
  Tensor c = torch::empty({kSize, kSize});
  compare(state, [&] { benchmark::DoNotOptimize((*denoiser)(x, 1.0)); }, [&] {
    for (int64_t i = 0; i < kProducts; ++i) at::mm_out(c, a, b);
  });
  set_rates(state, 2.0 * kProducts * kSize * kSize * kSize);
}
BENCHMARK(ddpmpp_cifar10_fp32)->Iterations(5)->Unit(benchmark::kMillisecond);

void ddpmpp_cifar10_bf16(benchmark::State& state) {
  if (!cpu_has_bf16_matrix_units()) {
    state.SkipWithError("not measurable here: this CPU has no AMX");
    return;
  }
  torch::NoGradGuard no_grad;
  at::set_num_threads(2);
  const auto denoiser = make_network_denoiser(cifar_network(), "ddpm++", torch::kCPU, Precision::kBf16);
  const Tensor x = state_of_sampler();
  constexpr int64_t kChannels = 256, kSide = 32, kConvolutions = 4;
  const auto format = torch::MemoryFormat::ChannelsLast;
  const Tensor image = torch::randn({kSamplingBatch, kChannels, kSide, kSide}, keyed_generator({3}))
                           .to(torch::kBFloat16)
                           .contiguous(format);
  const Tensor weight =
      torch::randn({kChannels, kChannels, 3, 3}, keyed_generator({4})).to(torch::kBFloat16).contiguous(format);
  compare(state, [&] { benchmark::DoNotOptimize((*denoiser)(x, 1.0)); }, [&] {
    for (int64_t i = 0; i < kConvolutions; ++i) benchmark::DoNotOptimize(at::conv2d(image, weight, {}, 1, 1));
  });
  set_rates(state, 2.0 * kConvolutions * kSamplingBatch * kSide * kSide * kChannels * kChannels * 9);
}
BENCHMARK(ddpmpp_cifar10_bf16)->Iterations(5)->Unit(benchmark::kMillisecond);

// How much of the forward pass is not convolution: memory formats of the fp32 network (argument: 1 = channels last).
void ddpmpp_cifar10_format(benchmark::State& state) {
  torch::NoGradGuard no_grad;
  at::set_num_threads(2);
  const NativeModel model = cifar_network();
  const auto run = [&](torch::MemoryFormat format) {
    PreconditionedNetwork network{model.network, make_preconditioning("edm"), torch::kFloat32, format};
    return network(state_of_sampler(), torch::ones({kSamplingBatch}));
  };
  const auto format = state.range(0) == 1 ? torch::MemoryFormat::ChannelsLast : torch::MemoryFormat::Contiguous;
  compare(state, [&] { benchmark::DoNotOptimize(run(format)); },
          [&] { benchmark::DoNotOptimize(run(torch::MemoryFormat::Contiguous)); });
}
BENCHMARK(ddpmpp_cifar10_format)->ArgName("channels_last")->Arg(1)->Iterations(3)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace farfield::bench
