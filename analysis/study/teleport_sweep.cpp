#include "analysis/study/teleport_sweep.h"

#include "core/error.h"
#include "samplers/model_levels.h"
#include "samplers/sampler.h"
#include "samplers/solvers/solver_registry.h"
#include "samplers/solvers/table_solver.h"

namespace farfield {
namespace {

// What is to be run, errors still open, each with its levels.
struct PlannedSkip {
  SkippedRun run;
  std::vector<double> levels;
};

std::vector<PlannedSkip> planned_skips(const Denoiser& model, const StudyRequest& request, int64_t steps) {
  std::vector<PlannedSkip> plan;
  for (const auto& schedule : request.schedules) {
    ScheduleRequest asked{.schedule = schedule, .model_sha256 = request.model_sha256, .steps = steps};
    const auto levels = resolve_levels(asked, model.info());
    for (const auto& solver : request.solvers) {
      if (table_named(solver)) continue;  // has levels of its own
      for (size_t skip = 0; skip + 1 < levels.size(); ++skip)
        plan.push_back({{solver, schedule, steps, static_cast<int64_t>(skip), 0, levels[skip], {}}, levels});
    }
  }
  return plan;
}

SampleRequest request_of(const StudyRequest& request, const PlannedSkip& planned) {
  SampleRequest run;
  run.seeds = request.seeds;
  run.label = request.label;
  run.levels = planned.levels;
  run.batch = request.batch;
  run.device = request.device;
  run.on_evaluation = request.on_evaluation;
  if (planned.run.skip > 0) run.teleport = Teleport{planned.run.sigma_skip, request.teleport->gaussian};
  return run;
}

}  // namespace

std::vector<SkippedRun> sweep_teleports(const Denoiser& model, const StudyRequest& request, int64_t steps) {
  if (!request.teleport)
    throw usage_error("study: --teleport-sweep needs --gaussian, whose closed form skips the levels");
  const auto plan = planned_skips(model, request, steps);
  const auto count = static_cast<int64_t>(request.seeds.size());
  int64_t evaluations = 0;
  for (const PlannedSkip& planned : plan)
    evaluations += count * count_evaluations(*make_solver(planned.run.solver), request_of(request, planned));
  if (request.on_phase) request.on_phase("teleports", evaluations);
  std::vector<SkippedRun> runs;
  torch::Tensor whole;  // the ends of the run with skip = 0
  for (const PlannedSkip& planned : plan) {
    const Samples samples = sample(model, *make_solver(planned.run.solver), request_of(request, planned));
    if (planned.run.skip == 0) whole = samples.x;
    runs.push_back(planned.run);
    runs.back().nfe = samples.nfe;
    runs.back().error = rms_error((samples.x - whole).flatten(1).square().mean(1));
  }
  return runs;
}

Table skipped_table(const std::vector<SkippedRun>& runs) {
  Table table{.columns = {"solver", "schedule", "steps", "skip", "sigma_skip", "nfe", "nfe_saved", "rms", "rms_low",
                          "rms_high"},
              .rows = {}};
  int64_t whole = 0;
  for (const SkippedRun& run : runs) {
    if (run.skip == 0) whole = run.nfe;
    table.add({run.solver, run.schedule, run.steps, run.skip, run.sigma_skip, run.nfe,
               1 - static_cast<double>(run.nfe) / static_cast<double>(whole), run.error.rms, run.error.low,
               run.error.high});
  }
  return table;
}

}  // namespace farfield
