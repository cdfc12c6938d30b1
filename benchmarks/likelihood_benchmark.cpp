// A likelihood with M probes against the products of the network's Jacobian that it cannot do without.
#include <benchmark/benchmark.h>

#include "analysis/likelihood/likelihood_run.h"
#include "benchmarks/bench_support.h"
#include "core/math/random.h"
#include "models/analytic/analytic.h"
#include "models/networks/network_denoiser.h"

namespace farfield::bench {
namespace {

constexpr int64_t kLikelihoodSamples = 16, kGridSteps = 4;

// 16 states of 3 x 32 x 32 of a network of 1.0 M parameters; argument 0: M.
void likelihood_of_a_network(benchmark::State& state) {
  torch::NoGradGuard no_grad;
  ModelConfig config;
  config.network.model_channels = 32;
  config.network.channel_mult = {1, 2, 2};
  config.network.num_blocks = 1;
  const std::shared_ptr<const Denoiser> network = make_network_denoiser(make_native_model(config, keyed_generator({1})),
                                                                        "small", torch::kCPU, Precision::kFp32);
  const torch::Tensor points = image_like_points().narrow(0, 0, kLikelihoodSamples).view({-1, 3, 32, 32});
  LikelihoodInputs inputs{{"small", "network", network, {}},
                          "small",
                          std::make_shared<DataSource>("points", points, torch::Tensor(), 0),
                          {},
                          {},
                          {}};
  LikelihoodOptions options;
  options.count = kLikelihoodSamples;
  options.batch = kLikelihoodSamples;
  options.trace = {TraceKind::kHutchinson, state.range(0)};
  options.solver.name = "heun";
  options.solver.steps = kGridSteps;
  const torch::Tensor x = points.to(torch::kFloat64), v = torch::ones_like(x);
  const torch::Tensor sigma = torch::ones({kLikelihoodSamples}, torch::kFloat64);
  compare(state, [&] { benchmark::DoNotOptimize(run_likelihood(inputs, options)); }, [&] {
    for (int64_t i = 0; i < 2 * kGridSteps * state.range(0); ++i)
      benchmark::DoNotOptimize(network->vector_jacobian(x, sigma, v));
  });
}
BENCHMARK(likelihood_of_a_network)->ArgName("probes")->Arg(1)->Arg(4)->Iterations(3)->Unit(benchmark::kMillisecond);

// The exact denoiser's trace in closed form against its bare evaluation, 10,000 points of 3 x 32 x 32; argument 0: 100 sigma.
void exact_trace(benchmark::State& state) {
  torch::NoGradGuard no_grad;
  const torch::Tensor points = image_like_points().narrow(0, 0, 10'000);
  const auto denoiser = make_delta(points, {3072});
  const double level = static_cast<double>(state.range(0)) / 100;
  const torch::Tensor x = image_like_points().narrow(0, 10'000, 64).to(torch::kFloat64) +
                          level * torch::randn({64, 3072}, keyed_generator({1}), torch::kFloat64);
  const torch::Tensor sigma = torch::full({64}, level, torch::kFloat64);
  compare(state, [&] { benchmark::DoNotOptimize(denoiser->with_trace(x, sigma)); },
          [&] { benchmark::DoNotOptimize((*denoiser)(x, sigma)); });
}
BENCHMARK(exact_trace)->ArgName("sigma*100")->Arg(5)->Arg(100)->Arg(8000)->Iterations(3)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace farfield::bench
