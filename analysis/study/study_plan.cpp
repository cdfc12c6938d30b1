#include "analysis/study/study_plan.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "core/error.h"
#include "core/limits.h"
#include "samplers/integrate.h"
#include "samplers/model_levels.h"
#include "samplers/schedules/noise_levels.h"
#include "samplers/schedules/schedule_registry.h"
#include "samplers/solvers/solver_registry.h"
#include "samplers/solvers/table_solver.h"

namespace farfield {
namespace {

// Whether a schedule can be laid from any level to any other.
bool takes_any_range(const std::string& schedule) {
  return is_formula(schedule) && find_schedule(schedule).takes_range && !find_schedule(schedule).own_ends;
}

// The levels of `steps` steps; empty where the schedule has none of this length (a table, a file of searches).
std::vector<double> levels_of(const StudyRequest& request, const DenoiserInfo& model, const std::string& schedule,
                              int64_t steps, bool teleported) {
  ScheduleRequest asked{.schedule = schedule, .model_sha256 = request.model_sha256, .steps = steps};
  const bool takes_range = takes_any_range(schedule);
  if (takes_range) asked.sigma_min = study_range(model).last;
  if (takes_range) asked.sigma_max = teleported ? request.teleport->sigma : study_range(model).first;
  if (!is_formula(schedule)) {
    try {
      return resolve_levels(asked, model);
    } catch (const Error& error) {
      if (error.code() != ExitCode::kUsage) throw;
      return {};
    }
  }
  return resolve_levels(asked, model);
}

// Evaluations of `steps` steps, whatever the schedule.
class Counter {
 public:
  int64_t operator()(const std::string& name, const Solver& solver, int64_t steps) {
    int64_t& count = counts_[{name, steps}];
    if (count == 0) count = count_evaluations(solver, noise_levels({.steps = steps}));
    return count;
  }

 private:
  std::map<std::pair<std::string, int64_t>, int64_t> counts_;
};

// The most steps within `budget`; 0 when not even one step is.
int64_t steps_within(const std::string& name, const Solver& solver, int64_t budget, Counter& count) {
  int64_t low = 0, high = budget;  // the answer lies between them
  while (low < high) {
    const int64_t middle = high - (high - low) / 2;
    if (count(name, solver, middle) <= budget) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return low;
}

struct PlannedLength {
  std::string solver;
  int64_t nfe;
};

// Which solvers are run with how many steps, the same for every schedule and start.
std::map<int64_t, std::vector<PlannedLength>> plan_lengths(const StudyRequest& request, const StudySolvers& solvers) {
  Counter count;
  std::map<int64_t, std::vector<PlannedLength>> by_steps;
  for (const auto& name : request.solvers) {
    if (table_named(name)) continue;  // has steps of its own
    const Solver& solver = *solvers.at(name);
    std::set<int64_t> lengths;
    for (const int64_t budget : request.nfe) lengths.insert(steps_within(name, solver, budget, count));
    for (const int64_t steps : lengths) {
      if (steps > 0) by_steps[steps].push_back({name, count(name, solver, steps)});
    }
  }
  return by_steps;
}

// The runs of tables, which have levels of their own, within the largest budget.
std::vector<StudyRun> table_runs(const StudyRequest& request, const DenoiserInfo& model, const StudySolvers& solvers) {
  std::vector<StudyRun> runs;
  for (const auto& name : request.solvers) {
    if (!table_named(name)) continue;
    const auto levels = resolve_levels({.schedule = name, .model_sha256 = request.model_sha256}, model);
    if (levels.front() != study_range(model).first) {
      throw usage_error(fmt::format("study: {} begins at sigma {}, expected {}, where the reference does", name,
                                    levels.front(), study_range(model).first));
    }
    const int64_t nfe = count_evaluations(*solvers.at(name), levels);
    if (nfe <= request.nfe.back())
      runs.push_back({name, name, false, static_cast<int64_t>(levels.size()) - 1, nfe, levels, {}});
  }
  return runs;
}

// What is to be run, errors still open; runs over the same levels stand together.
std::vector<StudyRun> planned_runs(const StudyRequest& request, const DenoiserInfo& model,
                                   const StudySolvers& solvers) {
  const auto by_steps = plan_lengths(request, solvers);
  std::vector<StudyRun> runs = table_runs(request, model, solvers);
  for (const bool teleported : {false, true}) {
    if (teleported && !request.teleport) continue;
    for (const auto& schedule : request.schedules) {
      if (teleported && !takes_any_range(schedule)) continue;
      for (const auto& [steps, lengths] : by_steps) {
        const auto levels = levels_of(request, model, schedule, steps, teleported);
        if (levels.empty()) continue;
        for (const auto& length : lengths) {
          runs.push_back({length.solver, schedule, teleported, steps, length.nfe, levels, {}});
        }
      }
    }
  }
  return runs;
}

void require_known_end(const std::vector<StudyRun>& runs, const StudyRange& range) {
  for (const StudyRun& run : runs) {
    const double end = run.levels.back();
    if (end == 0 || end == range.last) continue;
    throw usage_error(fmt::format("study: schedule {} ends at sigma {}, expected 0 or {}, where the reference is taken",
                                  run.schedule, end, range.last));
  }
}

}  // namespace

StudySolvers make_study_solvers(const std::vector<std::string>& names) {
  StudySolvers solvers;
  for (const auto& name : names) {
    auto solver = make_solver(name);
    if (solver->adaptive() || solver->stochastic() || solver->order() == 0) {
      throw usage_error(
          fmt::format("study: solver {} {}; name solvers that step through a schedule to the one solution", name,
                      solver->adaptive()     ? "chooses its own steps"
                      : solver->stochastic() ? "draws noise"
                                             : "does not follow the ODE"));
    }
    solvers.emplace(name, std::move(solver));
  }
  return solvers;
}

StudyRange study_range(const DenoiserInfo& model) {
  const auto levels = resolve_levels({.steps = 2}, model);
  return {levels.front(), levels[1]};
}

void check_study(const StudyRequest& request, const DenoiserInfo& model) {
  const auto require = [](bool holds, const std::string& what) {
    if (!holds) throw usage_error("study: " + what);
  };
  const std::vector<int64_t>& nfe = request.nfe;
  require(!request.solvers.empty() && !request.schedules.empty() && !nfe.empty() && !request.seeds.empty(),
          "needs solvers, schedules, budgets and seeds");
  require(std::is_sorted(nfe.begin(), nfe.end()) && nfe.front() >= 1 && nfe.back() <= 1000,
          "budgets are 1 to 1000 evaluations, rising");
  require(request.batch >= 1 && request.batch <= limits::kMostBatch,
          fmt::format("batch is {}, expected 1 to {}", request.batch, limits::kMostBatch));
  require(make_solver(request.reference)->adaptive(),
          "the reference " + request.reference + " is no adaptive solver; take dopri5");
  const int64_t label = request.label.value_or(0);
  require(!request.label || (label >= 0 && label < model.label_dim),
          fmt::format("class {} asked for, but {} knows {} classes", label, model.name, model.label_dim));
  require(!request.teleport_sweep || request.teleport,
          "--teleport-sweep needs --gaussian, whose closed form skips the levels");
  if (!request.teleport) return;
  const StudyRange range = study_range(model);
  const double sigma = request.teleport->sigma;
  require(sigma < range.first && sigma > range.last,
          fmt::format("teleport to sigma {}, expected between {} and {}", sigma, range.last, range.first));
}

std::vector<StudyRun> plan_study(const StudyRequest& request, const DenoiserInfo& model, const StudySolvers& solvers) {
  auto runs = planned_runs(request, model, solvers);
  require_known_end(runs, study_range(model));
  if (runs.empty()) throw usage_error("study: no solver takes as few evaluations as the budgets allow; raise --nfe");
  return runs;
}

}  // namespace farfield
