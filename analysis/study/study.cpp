#include "analysis/study/study.h"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "analysis/study/evaluation_memo.h"
#include "core/error.h"
#include "core/limits.h"
#include "samplers/gaussian_flow.h"
#include "samplers/integrate.h"
#include "samplers/model_levels.h"
#include "samplers/schedules/noise_levels.h"
#include "samplers/schedules/schedule_registry.h"
#include "samplers/seed_batch.h"
#include "samplers/solvers/solver_registry.h"
#include "samplers/solvers/table_solver.h"
#include "samplers/trajectory.h"

namespace farfield {
namespace {

constexpr int64_t kMemoBytes = int64_t{1} << 28;
constexpr int64_t kReferenceGuess = 400;  // evaluations, for the progress bar

using Solvers = std::map<std::string, std::unique_ptr<const Solver>>;

// Where all trajectories begin, and the two levels where they may end.
struct Range {
  double first, last;
};

Range range_of(const DenoiserInfo& model) {
  const auto levels = resolve_levels({.steps = 2}, model);
  return {levels.front(), levels[1]};
}

// Whether a schedule can be laid from any level to any other.
bool takes_any_range(const std::string& schedule) {
  return is_formula(schedule) && find_schedule(schedule).takes_range && !find_schedule(schedule).own_ends;
}

// The levels of `steps` steps; empty where the schedule has none of this length (a table, a file of searches).
std::vector<double> levels_of(const StudyRequest& request, const DenoiserInfo& model, const std::string& schedule,
                              int64_t steps, bool teleported) {
  ScheduleRequest asked{.schedule = schedule, .model_sha256 = request.model_sha256, .steps = steps};
  const bool takes_range = takes_any_range(schedule);
  if (takes_range) asked.sigma_min = range_of(model).last;
  if (takes_range) asked.sigma_max = teleported ? request.teleport->sigma : range_of(model).first;
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
std::map<int64_t, std::vector<PlannedLength>> plan_lengths(const StudyRequest& request, const Solvers& solvers) {
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
std::vector<StudyRun> table_runs(const StudyRequest& request, const DenoiserInfo& model, const Solvers& solvers) {
  std::vector<StudyRun> runs;
  for (const auto& name : request.solvers) {
    if (!table_named(name)) continue;
    const auto levels = resolve_levels({.schedule = name, .model_sha256 = request.model_sha256}, model);
    if (levels.front() != range_of(model).first) {
      throw usage_error(fmt::format("study: {} begins at sigma {}, expected {}, where the reference does", name,
                                    levels.front(), range_of(model).first));
    }
    const int64_t nfe = count_evaluations(*solvers.at(name), levels);
    if (nfe <= request.nfe.back())
      runs.push_back({name, name, false, static_cast<int64_t>(levels.size()) - 1, nfe, levels, {}});
  }
  return runs;
}

// What is to be run, errors still open; runs over the same levels stand together.
std::vector<StudyRun> plan(const StudyRequest& request, const DenoiserInfo& model, const Solvers& solvers) {
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

// One batch of trajectories: the reference, then every run's squared distance from it.
class StudyBatch {
 public:
  StudyBatch(const Denoiser& model, const StudyRequest& request, int64_t first, int64_t count)
      : request_(request), range_(range_of(model.info())) {
    SeedBatch streams(std::span(request.seeds).subspan(first, count), model.info());
    const auto classes = request.label ? torch::full({count}, *request.label, torch::kInt64) : streams.classes();
    bound_ = model.bind(one_hot_labels(classes, model.info().label_dim, request.device));
    latents_ = streams.latents().to(request.device);
    if (request.teleport) {
      landed_ = gaussian_flow(request.teleport->gaussian, latents_ * range_.first, range_.first,
                              request.teleport->sigma);
    }
  }

  // Returns the evaluations of the reference.
  int64_t solve_reference() {
    const auto solver = make_solver(request_.reference);
    auto sizes = latents_.sizes().vec();
    sizes.insert(sizes.begin(), 3);
    ends_ = torch::empty(sizes, latents_.options());
    IntegrateOptions options;
    options.observer = record_states(ends_);
    return integrate(*solver, watched(bound_), latents_ * range_.first, {range_.first, range_.last, 0}, options).nfe;
  }

  void measure(std::vector<StudyRun>& runs, const Solvers& solvers, Study& study, int64_t first) {
    EvaluationMemo memo(bound_, kMemoBytes);
    const DenoiseFn remembered = watched([&](const torch::Tensor& x, double sigma) { return memo(x, sigma); });
    for (size_t i = 0; i < runs.size(); ++i) {
      StudyRun& run = runs[i];
      if (i > 0 && run.levels != runs[i - 1].levels) memo.forget();
      const auto x = run.teleported ? landed_ : latents_ * run.levels.front();
      const auto result = integrate(*solvers.at(run.solver), remembered, x, run.levels);
      run.nfe = result.nfe;
      study.evaluations += result.nfe;
      const auto difference = (result.x - ends_[run.levels.back() == 0 ? 2 : 1]).flatten(1);
      study.squares[static_cast<int64_t>(i)].narrow(0, first, x.size(0)).copy_(difference.square().mean(1));
    }
    study.reused += memo.reused();
  }

 private:
  DenoiseFn watched(DenoiseFn denoise) const {
    return [this, denoise = std::move(denoise)](const torch::Tensor& x, double sigma) {
      auto denoised = denoise(x, sigma);
      if (request_.on_evaluation) request_.on_evaluation(x.size(0));
      return denoised;
    };
  }

  const StudyRequest& request_;
  Range range_;
  DenoiseFn bound_;
  torch::Tensor latents_, landed_,
      ends_;  // ends_ [3, B, ...]: the reference at the first level, the last positive one, 0
};

void require_known_end(const std::vector<StudyRun>& runs, const Range& range) {
  for (const StudyRun& run : runs) {
    const double end = run.levels.back();
    if (end == 0 || end == range.last) continue;
    throw usage_error(fmt::format("study: schedule {} ends at sigma {}, expected 0 or {}, where the reference is taken",
                                  run.schedule, end, range.last));
  }
}

Solvers make_solvers(const std::vector<std::string>& names) {
  Solvers solvers;
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

}  // namespace

std::vector<std::string> study_solvers() {
  std::vector<std::string> names;
  for (const auto& name : solver_names()) {
    const auto solver = make_solver(name);
    const bool own_levels = name == "dpm_fast" || name == "edm_ablation";  // Heun in another time
    if (solver->order() > 0 && !solver->adaptive() && !solver->stochastic() && !own_levels &&
        !name.ends_with("_compat"))
      names.push_back(name);
  }
  return names;
}

void StudyRequest::validate(const DenoiserInfo& model) const {
  const auto require = [](bool holds, const std::string& what) {
    if (!holds) throw usage_error("study: " + what);
  };
  require(!solvers.empty() && !schedules.empty() && !nfe.empty() && !seeds.empty(),
          "needs solvers, schedules, budgets and seeds");
  require(std::is_sorted(nfe.begin(), nfe.end()) && nfe.front() >= 1 && nfe.back() <= 1000,
          "budgets are 1 to 1000 evaluations, rising");
  require(batch >= 1 && batch <= limits::kMostBatch,
          fmt::format("batch is {}, expected 1 to {}", batch, limits::kMostBatch));
  require(make_solver(reference)->adaptive(), "the reference " + reference + " is no adaptive solver; take dopri5");
  require(!label || (*label >= 0 && *label < model.label_dim),
          fmt::format("class {} asked for, but {} knows {} classes", label.value_or(0), model.name, model.label_dim));
  if (!teleport) return;
  const Range range = range_of(model);
  require(teleport->sigma < range.first && teleport->sigma > range.last,
          fmt::format("teleport to sigma {}, expected between {} and {}", teleport->sigma, range.last, range.first));
}

Study run_study(const Denoiser& model, const StudyRequest& request) {
  request.validate(model.info());
  const Solvers solvers = make_solvers(request.solvers);
  Study study;
  study.runs = plan(request, model.info(), solvers);
  require_known_end(study.runs, range_of(model.info()));
  if (study.runs.empty())
    throw usage_error("study: no solver takes as few evaluations as the budgets allow; raise --nfe");
  int64_t evaluations = 0;
  for (const StudyRun& run : study.runs) evaluations += run.nfe;
  const auto count = static_cast<int64_t>(request.seeds.size());
  study.squares = torch::empty({static_cast<int64_t>(study.runs.size()), count}, torch::kFloat64);
  for (int64_t first = 0; first < count; first += request.batch) {
    const int64_t size = std::min(request.batch, count - first);
    StudyBatch batch(model, request, first, size);
    if (request.on_phase) request.on_phase("reference", kReferenceGuess * size);
    study.reference_nfe = std::max(study.reference_nfe, batch.solve_reference());
    if (request.on_phase)
      request.on_phase(count > request.batch ? fmt::format("seeds from {}", first) : "solvers", evaluations * size);
    batch.measure(study.runs, solvers, study, first);
  }
  for (size_t i = 0; i < study.runs.size(); ++i)
    study.runs[i].error = rms_error(study.squares[static_cast<int64_t>(i)]);
  return study;
}

const StudyRun* best_within(const Study& study, int64_t budget, bool teleported) {
  const StudyRun* best = nullptr;
  for (const StudyRun& run : study.runs) {
    if (run.nfe > budget || (run.teleported && !teleported)) continue;
    if (best == nullptr || run.error.rms < best->error.rms) best = &run;
  }
  return best;
}

}  // namespace farfield
