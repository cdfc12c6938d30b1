#include "analysis/few_steps/fit_run.h"

#include <algorithm>

#include <ATen/core/grad_mode.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "analysis/few_steps/fit_parts.h"
#include "core/error.h"
#include "core/io/json.h"
#include "core/limits.h"
#include "core/progress.h"
#include "core/text.h"
#include "samplers/budgets.h"
#include "samplers/integrate.h"
#include "samplers/sampler.h"
#include "samplers/solvers/solver_registry.h"

namespace farfield {
namespace {

constexpr int64_t kFitParts = 1'000'000'000;  // kept fits are numbered from here, by their evaluations

const std::vector<std::string> kRivals = {"euler", "heun", "dpm2", "ipndm3", "dpmpp_2m", "unipc2_bh2"};

// The schedule that a fit of so many evaluations starts from.
std::vector<double> start_levels(const SolverFitOptions& options, const DenoiserInfo& model, int64_t nfe) {
  ScheduleRequest schedule = options.schedule;
  schedule.steps = steps_of_fit(options.settings, nfe);
  if (is_formula(schedule.schedule) && !schedule.final) schedule.final = "sigma_min";
  return resolve_levels(schedule, model);
}

TeacherRequest request_of(const SolverFitOptions& options, const std::vector<double>& levels) {
  TeacherRequest request{.settings = options.teacher, .first = levels.front(), .last = levels.back()};
  request.to_zero = levels.back() == 0;
  if (request.to_zero) request.last = levels[levels.size() - 2];
  request.label = options.label;
  request.batch = options.settings.batch;
  request.device = options.device;
  return request;
}

// The schedules of all fits, which have their ends in common.
std::vector<std::vector<double>> all_levels(const SolverFitOptions& options, const DenoiserInfo& model) {
  std::vector<std::vector<double>> all;
  for (const int64_t nfe : parse_nfe(options.nfe)) {
    all.push_back(start_levels(options, model, nfe));
    const TeacherRequest first = request_of(options, all.front()), last = request_of(options, all.back());
    if (first.first != last.first || first.last != last.last || first.to_zero != last.to_zero) {
      throw usage_error(
          fmt::format("solver fit: the schedules of {} and {} evaluations have different ends; fit them one by one",
                      parse_nfe(options.nfe).front(), nfe));
    }
  }
  return all;
}

std::vector<int64_t> all_seeds(const SolverFitOptions& options) {
  auto seeds = parse_seeds(options.seeds);
  const auto held_out = parse_seeds(options.held_out);
  seeds.insert(seeds.end(), held_out.begin(), held_out.end());
  return seeds;
}

// Evaluations of one trajectory that a fit takes, those on the way back counted twice; for the bar.
int64_t evaluations_of(const FitSettings& settings, int64_t nfe, int64_t train, int64_t held_out) {
  return 3 * nfe * settings.iterations * std::min(settings.batch, train) + 22 * nfe * held_out;
}

// Known solvers over the same ends within the same evaluations, on the held-out seeds.
std::vector<FitRival> measure_rivals(const RecordedModel& model, const SolverFitOptions& options, int64_t nfe,
                                     const TeacherEnds& held_out) {
  std::vector<FitRival> rivals;
  for (const std::string& name : kRivals) {
    const auto solver = make_solver(name);
    for (int64_t steps = nfe; steps >= 1; --steps) {
      ScheduleRequest schedule = options.schedule;
      schedule.steps = steps;
      if (is_formula(schedule.schedule) && !schedule.final) schedule.final = "sigma_min";
      SampleRequest request;
      request.levels = resolve_levels(schedule, model.denoiser.info());
      if (count_evaluations(*solver, request) > nfe) continue;
      request.seeds = held_out.seeds;
      request.label = options.label;
      request.batch = options.settings.batch;
      request.device = options.device;
      const Samples samples = sample(model.denoiser, *solver, request);
      const auto squares = (samples.x - held_out.ends).flatten(1).square().mean(1);
      rivals.push_back({nfe, name, steps, samples.nfe, rms_error(squares)});
      break;
    }
  }
  return rivals;
}

// Before the long work: what the fit would say after it.
void require_gradient(const Denoiser& model, double sigma, torch::Device device) {
  const at::AutoGradMode with_gradients(true);
  std::vector<int64_t> shape = model.info().sample_shape;
  shape.insert(shape.begin(), 1);
  const auto x = torch::zeros(shape, torch::TensorOptions(device).dtype(torch::kFloat64)).requires_grad_(true);
  if (model(x, sigma).requires_grad()) return;
  throw usage_error(
      fmt::format("{}: has no gradient, and a solver is fitted by gradients; it needs a model that is differentiable",
                  model.info().name));
}

// A fit that an earlier, stopped run has finished, or a new one, which is kept.
template <class Make>
FitRecord kept_or_made(const PartStore& parts, int64_t part, const FitSettings& settings, Make make) {
  if (const auto found = parts.find(part)) return fit_of_arrays(*found, settings);
  try {
    FitRecord made = make();
    parts.keep(part, arrays_of_fit(made));
    return made;
  } catch (const Error& error) {
    if (error.code() == ExitCode::kUsage) parts.remove();  // the same call would end here again
    throw parts.said_with(error);
  }
}

}  // namespace

SolverFitOptions SolverFitOptions::resolved() const {
  SolverFitOptions all = *this;
  all.settings = settings.resolved();
  if (schedule.steps) throw usage_error("solver fit: the steps follow from --nfe; leave --steps out");
  (void)make_solver(teacher.solver);
  if (teacher.steps < 2 || teacher.steps > limits::kMostSteps) {
    throw usage_error(
        fmt::format("solver fit: --teacher-steps is {}, expected 2 to {}", teacher.steps, limits::kMostSteps));
  }
  for (const int64_t one : parse_nfe(nfe)) (void)steps_of_fit(all.settings, one);
  (void)all_seeds(*this);
  return all;
}

std::string fit_key(const RecordedModel& model, const SolverFitOptions& options) {
  const FitSettings& settings = options.settings;
  const auto levels = all_levels(options, model.denoiser.info());
  return dump_json(nlohmann::ordered_json{
      {"teacher", parse_json(teacher_key(model, request_of(options, levels.front())), "teacher")},
      {"levels", levels},
      {"seeds", options.seeds},
      {"held_out", options.held_out},
      {"method", settings.method},
      {"solver", settings.solver},
      {"points", settings.points},
      {"afs", settings.afs},
      {"scales", {settings.direction, settings.time}},
      {"iterations", settings.iterations},
      {"batch", settings.batch},
      {"rate", settings.rate}});
}

SolverFitRun run_solver_fit(const RecordedModel& model, const SolverFitOptions& asked, const FitFn& fit,
                            const PartStore& parts) {
  SolverFitRun run{model.text, model.sha256, model.precision, asked.resolved(), {}, {}, {}};
  const SolverFitOptions& options = run.options;
  const auto levels = all_levels(options, model.denoiser.info());
  require_gradient(model.denoiser, levels.front().front(), options.device);
  const TeacherRequest request = request_of(options, levels.front());
  const auto seeds = all_seeds(options);
  run.teacher = options.ends.empty() ? teach(model, request, seeds, parts)
                                     : read_teacher(options.ends, teacher_key(model, request), seeds);
  const auto learned = std::ssize(parse_seeds(options.seeds));
  const TeacherEnds train = some_ends(run.teacher.ends, 0, learned),
                    held_out = some_ends(run.teacher.ends, learned, std::ssize(seeds) - learned);
  const auto budgets = parse_nfe(options.nfe);
  const auto fitted = [&](size_t i) {
    Progress progress(fmt::format("{} at {} evaluations", options.settings.method, budgets[i]),
                      evaluations_of(options.settings, budgets[i], learned, std::ssize(held_out.seeds)), "evaluations");
    return fit(model.denoiser, options.settings, levels[i], train, held_out, options.device,
               [&](int64_t evaluations) { progress.advance(evaluations); });
  };
  for (size_t i = 0; i < budgets.size(); ++i) {
    run.fits.push_back(kept_or_made(parts, kFitParts + budgets[i], options.settings, [&] { return fitted(i); }));
    if (is_formula(options.schedule.schedule)) {
      const auto rivals = measure_rivals(model, options, budgets[i], held_out);
      run.rivals.insert(run.rivals.end(), rivals.begin(), rivals.end());
    }
  }
  return run;
}

}  // namespace farfield
