// The deviation from the exact denoiser against the denoiser calls that it cannot do without.
#include <cmath>

#include <benchmark/benchmark.h>
#include <torch/types.h>

#include "analysis/deviation/deviation.h"
#include "benchmarks/bench_support.h"
#include "core/progress.h"
#include "models/analytic/analytic.h"
#include "samplers/integrate.h"
#include "samplers/schedules/noise_levels.h"
#include "samplers/solvers/solver_registry.h"

namespace farfield::bench {
namespace {

// A model that costs nothing, so that every call counted is one of the exact denoiser.
DeviationSubject exact_subject() {
  const torch::Tensor& points = image_like_points();
  const std::vector<int64_t> shape = {points.size(1)};
  return {make_isotropic(points.mean(0).to(torch::kFloat64), 0.25, shape), make_delta(points, shape),
          std::make_shared<DataSource>("image-like points", points, torch::Tensor(), 0)};
}

// 64 trajectories by Heun over the 18 levels of the command, 50,000 x 3072; argument 0: with the likelihood ranking, whose densities are calls,
// too (one pass for three of them a level).
void deviation(benchmark::State& state) {
  torch::NoGradGuard no_grad;
  static const DeviationSubject subject = exact_subject();
  const auto solver = make_solver("heun");
  DeviationRequest request;
  for (int64_t seed = 0; seed < 64; ++seed) request.sampling.seeds.push_back(seed);
  request.sampling.levels = noise_levels({.steps = 18});
  if (state.range(0) == 0) request.bandwidth = std::nullopt;
  const RowRange rows{0, 64};
  std::vector<std::pair<torch::Tensor, double>> asked;  // the states of the calls, and of the densities
  std::vector<std::pair<torch::Tensor, double>> ranked;
  const PathStart start = path_start(request.sampling, subject.model->info(), rows);
  const DenoiseFn remembering = [&](const torch::Tensor& x, double sigma) {
    asked.emplace_back(x.clone(), sigma);
    return (*subject.optimal)(x, sigma);
  };
  integrate(*solver, remembering, start.x, request.sampling.levels);
  visit_levels(subject, *solver, request, rows, [](int64_t) {}, [&](const DeviationLevel& at) {
    asked.emplace_back(at.x.clone(), at.sigma);
    if (state.range(0) == 1) ranked.emplace_back(torch::cat({at.denoised, at.next, at.optimum.denoised}), at.sigma);
  });
  compare(state, [&] {
    Progress progress("", 1, "");
    benchmark::DoNotOptimize(measure_deviation(subject, *solver, request, rows, progress));
  }, [&] {
    for (const auto& [x, sigma] : asked) benchmark::DoNotOptimize((*subject.optimal)(x, sigma));
    for (const auto& [x, sigma] : ranked) benchmark::DoNotOptimize(log_density(*subject.optimal, x, sigma, {}));
  });
  state.counters["calls"] = static_cast<double>(asked.size());
}
BENCHMARK(deviation)->ArgName("ranking")->Arg(0)->Arg(1)->Iterations(1)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace farfield::bench
