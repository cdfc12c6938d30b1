// Steps, maps and teachers of learned solvers against the golden vectors of the group few_step.
#include <functional>
#include <iostream>
#include <map>
#include <set>

#include <gtest/gtest.h>

#include "samplers/integrate.h"
#include "samplers/solvers/solver_registry.h"
#include "samplers/solvers/table_solver.h"
#include "tests/support/golden_analysis.h"
#include "train/solvers/table_forms.h"

namespace farfield {
namespace {

using test::AnalysisCase;
using torch::Tensor;

// D of a mixture as its formula is written: x + sigma^2 sum_k p_k (S_k + sigma^2 I)^-1 (m_k - x).
Tensor mixture_denoised(const AnalysisCase& golden, const Tensor& x, double sigma) {
  const Tensor &weights = golden.inputs.at("weights"), &means = golden.inputs.at("means"),
               &covs = golden.inputs.at("covs");
  std::vector<Tensor> logs, steps;
  for (int64_t k = 0; k < weights.size(0); ++k) {
    const Tensor cov = covs[k] + sigma * sigma * torch::eye(covs.size(1), torch::kFloat64), away = means[k] - x;
    const Tensor solved = torch::linalg_solve(cov, away.t()).t();
    logs.push_back(torch::log(weights[k]) - 0.5 * torch::logdet(cov) - 0.5 * (away * solved).sum(1));
    steps.push_back(solved);
  }
  const Tensor part = torch::softmax(torch::stack(logs), 0).unsqueeze(2);
  return x + sigma * sigma * (part * torch::stack(steps)).sum(0);
}

DenoiseFn denoiser_of(const AnalysisCase& golden) {
  return [&golden](const Tensor& x, double sigma) { return mixture_denoised(golden, x, sigma); };
}

std::vector<double> numbers(const Tensor& levels) {
  const Tensor values = levels.to(torch::kFloat64).contiguous();
  return {values.data_ptr<double>(), values.data_ptr<double>() + values.numel()};
}

// Every state of a run, [N + 1, B, d].
Tensor states_of(const Solver& solver, const DenoiseFn& denoise, const Tensor& latents,
                 const std::vector<double>& levels) {
  std::vector<Tensor> states = {latents * levels.front()};
  IntegrateOptions options;
  options.observer = [&](const StepView& view) { states.push_back(view.x_after.clone()); };
  integrate(solver, denoise, states.front(), levels, options);
  return torch::stack(states);
}

// "few_step.amed_tu_afs" -> "amed".
std::string family_of(const AnalysisCase& golden) {
  const std::string name = golden.id.substr(golden.id.find('.') + 1);
  return name.substr(0, name.find('_'));
}

TensorTable epd_of(const AnalysisCase& golden, const Tensor& levels) {
  const auto& in = golden.inputs;
  const Tensor raw = torch::stack({in.at("r_raw"), in.at("dir_raw"), in.at("time_raw"), in.at("weight_raw")});
  return epd_table(levels, golden.params.at("afs"),
                   epd_numbers(raw, golden.params.at("scale_dir"), golden.params.at("scale_time")));
}

// Tables are those of one sample where a predictor has its say.
TensorTable table_of(const AnalysisCase& golden, const Tensor& levels, int64_t sample) {
  if (golden.inputs.contains("r_raw")) return epd_of(golden, levels);
  const Tensor said = golden.outputs.at("r_dir_time_mid").select(1, sample);
  return amed_table(family_of(golden), levels, golden.params.at("afs"),
                    {said.select(1, 0), said.select(1, 1), said.select(1, 2)});
}

void check_counts(const AnalysisCase& golden, const SolverTable& table) {
  const TableCounts counts = table_counts(table);
  EXPECT_EQ(counts.evaluations, golden.params.value("nfe", golden.params.value("evaluations", int64_t{-1})))
      << golden.id;
  EXPECT_EQ(counts.depth, golden.params.value("sequential_depth", counts.depth)) << golden.id;
}

void check_student(const AnalysisCase& golden) {
  const Tensor levels = golden.inputs.at("t"), latents = golden.inputs.at("latents");
  const DenoiseFn denoise = denoiser_of(golden);
  const LevelDenoiseFn differentiable = [&](const Tensor& x, const Tensor& sigma) {
    return denoise(x, sigma.item<double>());
  };
  std::vector<Tensor> samples, ends;
  for (int64_t i = 0; i < latents.size(0); ++i) {
    const TensorTable table = table_of(golden, levels, i);
    const SolverTable values = values_of(table);
    check_counts(golden, values);
    const Tensor one = latents.narrow(0, i, 1);
    samples.push_back(states_of(*make_table_solver(values, "table"), denoise, one, numbers(levels)));
    ends.push_back(run_table(table, differentiable, one * levels[0]));
  }
  const Tensor states = torch::cat(samples, 1);
  expect_golden(golden, "x", states);
  EXPECT_LT((torch::cat(ends) - states[-1]).abs().max().item<double>(), 1e-10) << golden.id;
}

void check_midpoints(const AnalysisCase& golden) {
  if (!golden.outputs.contains("r_dir_time_mid")) return;
  const Tensor levels = golden.inputs.at("t");
  Tensor said = golden.outputs.at("r_dir_time_mid").clone();
  for (int64_t i = 0; i < said.size(1); ++i) {
    const SolverTable table = values_of(table_of(golden, levels, i));
    for (size_t n = 0; n < table.steps.size(); ++n)
      said[static_cast<int64_t>(n)][i][3] = table.steps[n].points.at(0).level;
  }
  expect_golden(golden, "r_dir_time_mid", said);
}

void check_teacher(const AnalysisCase& golden) {
  const auto levels = numbers(golden.inputs.at("t_teacher"));
  const Tensor states = states_of(*make_solver("heun"), denoiser_of(golden), golden.inputs.at("latents"), levels);
  const int64_t every = golden.params.at("M").get<int64_t>() + 1;
  expect_golden(golden, "targets", states.slice(0, every, std::nullopt, every));
}

void check_schedule(const AnalysisCase& golden) {
  const Tensor levels = levels_of_increments(golden.inputs.at("p"), golden.params.at("sigma_max"),
                                             golden.params.at("sigma_min"));
  expect_golden(golden, "sigma", levels);
  expect_golden(golden, "sigma_network", shifted_levels(levels, golden.inputs.at("q")));
}

void check_pairs(const AnalysisCase& golden) {
  const Tensor states = states_of(*make_solver("heun"), denoiser_of(golden), golden.inputs.at("latents"),
                                  numbers(golden.inputs.at("sigmas")));
  expect_golden(golden, "sample", states[-1]);
}

TEST(LearnedSolversGolden, golden_few_step_solvers) {
  const auto cases = test::analysis_cases("few_step");
  if (cases.empty()) GTEST_SKIP() << "no golden vectors: set FARFIELD_GOLDEN_ANALYSIS";
  const std::map<std::string, std::function<void(const AnalysisCase&)>> checks = {{"student_run",
                                                                                   [](const AnalysisCase& golden) {
    check_student(golden);
    check_midpoints(golden);
  }},
                                                                                  {"teacher", check_teacher},
                                                                                  {"schedule_map", check_schedule},
                                                                                  {"knowledge", check_pairs}};
  // Losses of distillation, and the predictor of AMED: not there yet.
  const std::set<std::string> later = {"consistency", "progressive", "tract", "predictor"};
  std::map<std::string, int> skipped;
  for (const AnalysisCase& golden : cases) {
    const auto check = checks.find(golden.kind);
    if (check != checks.end()) {
      check->second(golden);
    } else {
      EXPECT_TRUE(later.contains(golden.kind)) << golden.id << " is of the unknown kind " << golden.kind;
      ++skipped[golden.kind];
    }
  }
  for (const auto& [kind, count] : skipped) std::cout << "left for later: " << count << " of kind " << kind << "\n";
}

}  // namespace
}  // namespace farfield
