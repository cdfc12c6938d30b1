// What the sampling loop costs beside the solver and the denoiser, in passes over the state: one pass is a bare copy of it.
#include "benchmarks/bench_support.h"
#include "core/math/random.h"
#include "samplers/integrate.h"
#include "samplers/schedules/noise_levels.h"
#include "samplers/solvers/linear_combination.h"
#include "samplers/solvers/solver_registry.h"

namespace farfield::bench {
namespace {

using torch::Tensor;

// Argument 0: which solver of the table. State 256 x 3072 in float64, 18 steps, and a denoiser that costs nothing.
// The same steps are taken once by integrate() and once by calling the solver alone.
void sampling_loop(benchmark::State& state) {
  const SolverEntry& entry = solver_table().at(state.range(0));
  const auto solver = make_solver(entry.name);
  state.SetLabel(entry.name);
  if (solver->stochastic()) {
    state.SkipWithError("not measured: drawing its noise takes longer than the loop");
    return;
  }
  const auto levels = noise_levels({});
  const auto steps = solver->plan_levels(levels).size() - 1;
  const Tensor start = SampleRandom(1).normal({256, 3072}, torch::kFloat64) * levels.front();
  const Tensor zero = torch::zeros_like(start);
  const DenoiseFn free = [&](const Tensor&, double) { return zero; };
  Tensor copy = torch::empty_like(start);

  const auto loop = [&] { benchmark::DoNotOptimize(integrate(*solver, free, start, levels).x); };
  const auto bare_steps = [&] {
    const torch::NoGradGuard no_gradients;
    const auto plan = plan_run(*solver, levels);
    const auto memory = solver->make_memory(plan);
    Tensor x = start;
    for (const Interval interval : plan.intervals) x = solver->step(free, x, interval, memory.get()).x;
    benchmark::DoNotOptimize(x);
  };
  const auto copies = [&] {
    for (size_t i = 0; i < steps; ++i) copy.copy_(start);
  };

  loop(), bare_steps(), copies();
  std::vector<double> added, whole;
  for (auto _ : state) {
    const double loop_time = seconds(loop), steps_time = seconds(bare_steps), pass = seconds(copies);
    added.push_back((loop_time - steps_time) / pass);
    whole.push_back(loop_time / pass);
  }
  state.counters["passes_added_per_step"] = median(added);
  state.counters["passes_per_step"] = median(whole);
}
BENCHMARK(sampling_loop)
    ->DenseRange(0, static_cast<int>(solver_table().size()) - 1)
    ->Iterations(60)
    ->Unit(benchmark::kMillisecond);

// How many tensors the formula of a multistep method reads and writes in a step; 0: no multistep method.
int64_t tensors_moved(const std::string& name) {
  const auto digit = name.find_first_of("1234");
  if (name == "res_multistep") return 4;  // x, two D; x'
  if (name == "spndm") return 5;          // x, D, one slope; x', the slope
  if (digit == std::string::npos) return 0;
  const int64_t order = name[digit] - '0';
  const std::string family = name.substr(0, digit);
  if (family == "unipc") return 2 * order + 5;  // x, k D; x' and again x, k + 1 D; x'
  if (family == "dpmpp_" && name[digit + 1] == 'm' && name.find("sde") == std::string::npos) return order + 2;
  if (family == "ipndm" || family == "ipndm_v" || family == "lms" || family == "deis_tab" || family == "deis_rhoab") {
    return order == 1 ? 3 : order + 3;  // x, D, k - 1 slopes; x', the slope
  }
  return 0;
}

// Arguments: which solver of the table, bytes a number. State 256 x 3072, and a denoiser that costs nothing but hands out
// tensors in turn, as a model does. Steps of full order against copies, from tensor to tensor, that move as much memory.
void multistep_step(benchmark::State& state) {
  const SolverEntry& entry = solver_table().at(state.range(0));
  const auto solver = make_solver(entry.name);
  const auto plan = plan_run(*solver, noise_levels({.final = "sigma_min"}));
  const auto dtype = state.range(1) == 8 ? torch::kFloat64 : torch::kFloat32;
  std::vector<Tensor> tensors;
  for (int64_t j = 0; j < 8; ++j) tensors.push_back(SampleRandom(j).normal({256, 3072}, dtype));
  size_t calls = 0;
  const DenoiseFn free = [&](const Tensor&, double) { return tensors[calls++ % 6]; };
  const int64_t first = 5, steps = 8, moved = tensors_moved(entry.name);

  const torch::NoGradGuard no_gradients;
  std::vector<double> ratios;
  for (auto _ : state) {
    const auto memory = solver->make_memory(plan);
    Tensor x = tensors.back();
    const auto take = [&](int64_t from, int64_t to) {
      for (int64_t i = from; i < to; ++i) x = solver->step(free, x, plan.intervals[i], memory.get()).x;
    };
    take(0, first);
    const double step = seconds([&] { take(first, first + steps); }) / steps;
    const double copies = seconds([&] {
      for (int64_t i = 0; i < 2 * steps; ++i) tensors[(i + 1) % 6].copy_(tensors[i % 6]);
    });
    ratios.push_back(step / (static_cast<double>(moved) / 2 * copies / (2 * steps)));
  }
  state.SetLabel(entry.name);
  state.counters["ratio"] = median(ratios);
}
BENCHMARK(multistep_step)->Iterations(20)->Unit(benchmark::kMillisecond)->Apply([](auto* benchmark) {
  for (const int64_t bytes : {8, 4}) {
    for (size_t i = 0; i < solver_table().size(); ++i) {
      if (tensors_moved(solver_table()[i].name) > 0) benchmark->Args({static_cast<int64_t>(i), bytes});
    }
  }
});

// Argument 0: how many states are added up. Against copies that move as much memory: n reads and one write are (n + 1) / 2
// copies. Every tensor is one of its own, as in a multistep method.
void linear_combination_pass(benchmark::State& state) {
  const int64_t count = state.range(0);
  std::vector<Term> terms;
  for (int64_t j = 0; j < count; ++j) {
    terms.push_back({1. / static_cast<double>(j + 2), SampleRandom(j).normal({256, 3072}, torch::kFloat64)});
  }
  std::vector<Tensor> copies;
  for (int64_t j = 0; j <= count; ++j) copies.push_back(torch::empty({256, 3072}, torch::kFloat64));
  const auto method = [&] { benchmark::DoNotOptimize(linear_combination(terms)); };
  const auto copy_all = [&] {
    for (int64_t j = 0; j <= count; ++j) copies[j].copy_(terms[j % count].tensor);
  };
  compare(state, method, copy_all);
  state.counters["ratio"] = 2 * state.counters["ratio"];  // copy_all made n + 1 copies, twice what is moved
}
BENCHMARK(linear_combination_pass)->DenseRange(2, 5)->Iterations(60)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace farfield::bench
