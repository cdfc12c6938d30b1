#include "analysis/study/teleport_sweep.h"

#include "samplers/model_levels.h"
#include "samplers/sampler.h"
#include "samplers/solvers/solver_registry.h"
#include "samplers/solvers/table_solver.h"

namespace farfield {

TeleportSweep::TeleportSweep(const StudyRequest& request, const DenoiserInfo& model) : request_(request) {
  for (const auto& schedule : request.schedules) {
    const ScheduleRequest asked{
        .schedule = schedule, .model_sha256 = request.model_sha256, .steps = *request.teleport_sweep};
    const auto levels = resolve_levels(asked, model);
    for (const auto& solver : request.solvers) {
      if (table_named(solver)) continue;  // has levels of its own
      for (size_t skip = 0; skip + 1 < levels.size(); ++skip) {
        Planned planned{{solver, schedule, *request.teleport_sweep, static_cast<int64_t>(skip), 0, levels[skip], {}},
                        levels};
        planned.run.nfe = count_evaluations(*make_solver(solver), request_of(planned));
        plan_.push_back(std::move(planned));
      }
    }
  }
}

SampleRequest TeleportSweep::request_of(const Planned& planned) const {
  SampleRequest run;
  run.label = request_.label;
  run.levels = planned.levels;
  run.batch = request_.batch;
  run.device = request_.device;
  if (planned.run.skip > 0) run.teleport = Teleport{planned.run.sigma_skip, request_.teleport->gaussian};
  return run;
}

int64_t TeleportSweep::evaluations() const {
  int64_t sum = 0;
  for (const Planned& planned : plan_) sum += planned.run.nfe;
  return sum;
}

torch::Tensor TeleportSweep::squares_of(const Denoiser& model, RowRange rows,
                                        const std::function<void(int64_t samples)>& on_evaluation,
                                        const std::function<void(const torch::Tensor& ends)>& on_ends) const {
  torch::Tensor squares = torch::empty({rows.size, size()}, torch::kFloat64);
  torch::Tensor whole;  // the ends of the run with skip = 0
  for (int64_t i = 0; i < size(); ++i) {
    const Planned& planned = plan_[static_cast<size_t>(i)];
    SampleRequest request = request_of(planned);
    request.seeds.assign(request_.seeds.begin() + rows.first, request_.seeds.begin() + rows.first + rows.size);
    request.on_evaluation = on_evaluation;
    const torch::Tensor ends = sample(model, *make_solver(planned.run.solver), request).x;
    if (planned.run.skip == 0) whole = ends;
    squares.select(1, i).copy_((ends - whole).flatten(1).square().mean(1));
    on_ends(ends);
  }
  return squares;
}

std::vector<SkippedRun> TeleportSweep::runs_of(const torch::Tensor& squares) const {
  std::vector<SkippedRun> runs;
  for (int64_t i = 0; i < size(); ++i) {
    runs.push_back(plan_[static_cast<size_t>(i)].run);
    runs.back().error = rms_error(squares.select(1, i).contiguous());
  }
  return runs;
}

Table skipped_table(const std::vector<SkippedRun>& runs, const std::vector<std::string>& measures) {
  Table table{.columns = {"solver", "schedule", "steps", "skip", "sigma_skip", "nfe", "nfe_saved", "rms", "rms_low",
                          "rms_high"},
              .rows = {}};
  table.columns.insert(table.columns.end(), measures.begin(), measures.end());
  int64_t whole = 0;
  for (const SkippedRun& run : runs) {
    if (run.skip == 0) whole = run.nfe;
    std::vector<Cell> row = {run.solver,
                             run.schedule,
                             run.steps,
                             run.skip,
                             run.sigma_skip,
                             run.nfe,
                             1 - static_cast<double>(run.nfe) / static_cast<double>(whole),
                             run.error.rms,
                             run.error.low,
                             run.error.high};
    row.insert(row.end(), run.measures.begin(), run.measures.end());
    table.add(std::move(row));
  }
  return table;
}

}  // namespace farfield
