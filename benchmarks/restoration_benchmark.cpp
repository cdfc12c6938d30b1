// Restoration against the evaluations and products that it cannot do without, and its proximal maps against their transforms.
#include <ATen/ops/fft_irfft2.h>
#include <ATen/ops/fft_rfft2.h>
#include <benchmark/benchmark.h>
#include <torch/types.h>

#include "benchmarks/bench_support.h"
#include "core/math/random.h"
#include "models/networks/native_model.h"
#include "models/networks/network_denoiser.h"
#include "models/operators/operator_registry.h"
#include "samplers/restoration/restore.h"
#include "samplers/schedules/noise_levels.h"
#include "samplers/solvers/solver_registry.h"

namespace farfield::bench {
namespace {

// The proximal map of blur and decimation, 64 x 3 x 256 x 256 in float32, against `state.range(0)` transforms of its size (half of
// them back).
void decimation_prox(benchmark::State& state) {
  torch::NoGradGuard no_grad;
  const std::vector<int64_t> shape = {3, 256, 256};
  const auto op = make_operator("decimate,factor=4", {shape, false});
  const LinearOperator& linear = require_linear(*op, "benchmark");
  const torch::Tensor z = torch::randn({64, 3, 256, 256}), y = torch::randn({64, 3, 64, 64});
  const torch::Tensor rho = torch::full({1}, 0.1, torch::kFloat64), spectrum = at::fft_rfft2(z);
  compare(state, [&] { benchmark::DoNotOptimize(linear.prox(y, z, rho)); }, [&] {
    for (int64_t i = 0; i < state.range(0); i += 2) {
      benchmark::DoNotOptimize(at::fft_rfft2(z));
      benchmark::DoNotOptimize(at::fft_irfft2(spectrum));
    }
  });
}
BENCHMARK(decimation_prox)->ArgName("transforms")->Arg(6)->Iterations(3)->Unit(benchmark::kMillisecond);

// A run of 10 steps over 16 images of 3 x 32 x 32 with a network of 1.0 M parameters, against its evaluations and products alone.
void restoration(benchmark::State& state, const char* method_text) {
  torch::NoGradGuard no_grad;
  ModelConfig config;
  config.network.model_channels = 32;
  config.network.channel_mult = {1, 2, 2};
  config.network.num_blocks = 1;
  const std::shared_ptr<const Denoiser> model = make_network_denoiser(make_native_model(config, keyed_generator({1})),
                                                                      "small", torch::kCPU, Precision::kFp32);
  const std::vector<int64_t>& shape = model->info().sample_shape;
  const auto op = make_operator("blur,size=5,std=1", {shape, false});
  RestoreRequest request;
  for (int64_t seed = 0; seed < 16; ++seed) request.seeds.push_back(seed);
  std::vector<int64_t> rows = op->info().measurement_shape;
  rows.insert(rows.begin(), 16);
  request.y = torch::zeros(rows, torch::kFloat64);
  request.sigma_y = 0.05;
  request.levels = noise_levels({.steps = 10});
  const auto solver = make_solver("euler");
  const RestorationMethod method = make_method(method_text, {*op, request.sigma_y, request.levels});
  const Restored once = restore(*model, *op, method, *solver, request);
  rows = shape;
  rows.insert(rows.begin(), 16);
  const torch::Tensor x = torch::randn(rows, torch::kFloat64);
  compare(state, [&] { benchmark::DoNotOptimize(restore(*model, *op, method, *solver, request)); }, [&] {
    for (int64_t i = 0; i < once.nfe; ++i) {
      if (once.products == 0) {
        benchmark::DoNotOptimize((*model)(x, 1.0));
      } else {
        const auto at = model->linearised(x, 1.0);
        for (int64_t j = 0; j < once.products / once.nfe; ++j) benchmark::DoNotOptimize(at.times(x));
      }
    }
  });
  state.counters["evaluations"] = static_cast<double>(once.nfe);
  state.counters["products"] = static_cast<double>(once.products);
}
BENCHMARK_CAPTURE(restoration, diffpir, "diffpir")->Iterations(3)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(restoration, dps, "dps")->Iterations(3)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(restoration, pigdm, "pigdm")->Iterations(3)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace farfield::bench
