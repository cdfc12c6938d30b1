#include "samplers/gits/gits_search.h"

#include <algorithm>
#include <span>

#include <fmt/format.h>

#include "core/checked_product.h"
#include "core/error.h"
#include "core/limits.h"
#include "core/stopwatch.h"
#include "core/text.h"
#include "samplers/gits/gits_afs.h"
#include "samplers/gits/gits_cost.h"
#include "samplers/gits/gits_dp.h"
#include "samplers/integrate.h"
#include "samplers/model_levels.h"
#include "samplers/sampler.h"
#include "samplers/schedules/noise_levels.h"
#include "samplers/seed_batch.h"
#include "samplers/start.h"

namespace farfield {
namespace {

using torch::Tensor;

std::vector<double> levels_at(const std::vector<double>& levels, const std::vector<int64_t>& indices) {
  std::vector<double> chosen;
  for (const int64_t index : indices) chosen.push_back(levels[index]);
  return chosen;
}

// What one batch of the teacher leaves: states [T, B, D], slopes [T - 1, B, D].
struct TeacherPaths {
  Tensor states, slopes;
};

StepObserver record_paths(TeacherPaths& paths) {
  return [&paths](const StepView& view) {
    if (view.index == 0) paths.states[0].copy_(view.x_before.flatten(1));
    paths.states[view.index + 1].copy_(view.x_after.flatten(1));
    paths.slopes[view.index].copy_(view.slope.flatten(1));
  };
}

TeacherPaths run_teacher(const Denoiser& model, const Solver& teacher, const GitsRequest& request,
                         std::span<const int64_t> seeds, int64_t& nfe) {
  const DenoiserInfo& info = model.info();
  const SeedBatch streams(seeds, info);
  const Tensor& latents = streams.latents();
  const auto points = static_cast<int64_t>(request.levels.size()), batch = latents.size(0),
             size = latents.numel() / batch;
  TeacherPaths paths{torch::empty({points, batch, size}, torch::kFloat64),
                     torch::empty({points - 1, batch, size}, torch::kFloat64)};
  const DenoiseFn bound = model.bind(one_hot_labels(streams.classes(), info.label_dim, request.device));
  const DenoiseFn watched = [&](const Tensor& x, double sigma) {
    auto denoised = bound(x, sigma);
    if (request.on_evaluation) request.on_evaluation(batch);
    return denoised;
  };
  const auto start = start_from_noise(latents, request.levels);
  IntegrateOptions options;
  options.observer = record_paths(paths);
  nfe = integrate(teacher, watched, start.x.to(request.device), request.levels, options).nfe;
  return paths;
}

// Adds a batch, trajectory by trajectory: the sums do not depend on the batch.
void add_costs(const GitsRequest& request, const TeacherPaths& paths, GitsTeacher& sum) {
  const auto costs = gits_costs(request.metric, request.levels, paths.states, paths.slopes);
  const auto deviations = chord_deviations(paths.states);
  for (int64_t i = 0; i < costs.size(0); ++i) {
    sum.costs += costs[i];
    sum.deviations += deviations[i];
    if (request.on_costs) request.on_costs(costs[i]);
  }
}

// The student's evaluations in with_afs_level(indices).
int64_t count_afs_evaluations(const GitsRequest& request, const std::vector<int64_t>& indices) {
  int64_t evaluations = 0;
  with_afs_level(indices, [&](const std::vector<int64_t>& candidate) {
    evaluations += count_evaluations(*request.afs_student, levels_at(request.levels, candidate), {.afs = true});
    return torch::zeros({1, 1});
  }, torch::zeros({1, 1}));
  return evaluations;
}

void add_afs_levels(const Denoiser& model, const GitsRequest& request, GitsSearch& search) {
  const auto seeds = static_cast<int64_t>(request.seeds.size());
  SampleRequest run;
  run.seeds = request.seeds;
  run.batch = request.batch;
  run.afs = true;
  run.device = request.device;
  run.on_evaluation = request.on_evaluation;
  const StudentEnds student = [&](const std::vector<int64_t>& indices) {
    run.levels = levels_at(request.levels, indices);
    return sample(model, *request.afs_student, run).x.flatten(1);
  };
  int64_t evaluations = 0;
  for (const GitsSchedule& schedule : search.schedules) evaluations += count_afs_evaluations(request, schedule.indices);
  if (request.on_phase) request.on_phase("analytical first step", seeds * evaluations);
  for (GitsSchedule& schedule : search.schedules) {
    schedule.indices = with_afs_level(schedule.indices, student, search.ends.flatten(1));
    schedule.levels = levels_at(request.levels, schedule.indices);
  }
}

}  // namespace

void GitsRequest::validate(const DenoiserInfo& model) const {
  const auto points = static_cast<int64_t>(levels.size());
  if (points < 3 || points > limits::kMostGridPoints) {
    throw usage_error(
        fmt::format("gits: {} points in the teacher's grid, expected 3 to {}", points, limits::kMostGridPoints));
  }
  check_levels(levels);
  check_levels_for(model, levels);
  if (levels.back() == 0) {
    throw usage_error("gits: the teacher's grid ends at 0, where there is no slope; end it at sigma_min");
  }
  if (seeds.empty()) throw usage_error("gits: no seeds given");
  if (batch < 1 || batch > limits::kMostBatch) {
    throw usage_error(fmt::format("gits: batch is {}, expected 1 to {}", batch, limits::kMostBatch));
  }
  const int64_t size = c10::multiply_integers(model.sample_shape),
                rows = std::min(batch, static_cast<int64_t>(seeds.size()));
  checked_product("gits: bytes of a batch of the teacher's paths", {points, rows, size, 2 * sizeof(double)},
                  limits::kMostBytes);
  checked_product("gits: bytes of the teacher's ends", {static_cast<int64_t>(seeds.size()), size, sizeof(double)},
                  limits::kMostBytes);
  checked_product("gits: bytes of its costs", {points, points, rows, sizeof(double)}, limits::kMostBytes);
  if (nfe.empty()) throw usage_error("gits: no number of evaluations asked for");
  for (const int64_t evaluations : nfe) {
    if (evaluations >= 1 && evaluations < points) continue;
    throw usage_error(fmt::format("gits: {} evaluations asked for, but {} points give 1 to {}; use more points",
                                  evaluations, points, points - 1));
  }
}

GitsTeachers run_gits_teacher(const Denoiser& model, const Solver& teacher, const GitsRequest& request,
                              const std::vector<int64_t>& counts) {
  const auto points = static_cast<int64_t>(request.levels.size());
  check(!counts.empty() && counts.front() >= 1 && std::ranges::is_sorted(counts) &&
            counts.back() <= static_cast<int64_t>(request.seeds.size()),
        "gits: counts of seeds that rise");
  if (request.on_phase) request.on_phase("teacher", counts.back() * count_evaluations(teacher, request.levels));
  GitsTeachers result;
  GitsTeacher sum{0, torch::zeros({points, points}, torch::kFloat64), torch::zeros({points}, torch::kFloat64), {}};
  std::vector<Tensor> ends;
  for (const int64_t until : counts) {
    while (sum.seeds < until) {
      const int64_t size = std::min(request.batch, until - sum.seeds);
      Stopwatch clock;
      const auto paths = run_teacher(model, teacher, request, std::span(request.seeds).subspan(sum.seeds, size),
                                     result.nfe);
      sum.seconds.teacher += clock.restart();
      add_costs(request, paths, sum);
      ends.push_back(paths.states[points - 1].clone());
      sum.seconds.costs += clock.seconds();
      sum.seeds += size;
    }
    const auto count = static_cast<double>(until);
    result.first.push_back({until, sum.costs / count, sum.deviations / count, sum.seconds});
  }
  result.ends = torch::cat(ends);
  return result;
}

std::vector<GitsSchedule> gits_schedules(const Tensor& costs, const GitsRequest& request) {
  const int64_t most = *std::max_element(request.nfe.begin(), request.nfe.end());
  const auto paths = gits_paths(costs, request.gamma, most, request.gamma_form);
  std::vector<GitsSchedule> schedules;
  for (const int64_t nfe : request.nfe) {
    const GitsPath& path = paths[nfe - 1];
    schedules.push_back({nfe, path.indices, levels_at(request.levels, path.indices), path.cost});
  }
  return schedules;
}

GitsSearch gits_search(const Denoiser& model, const Solver& teacher, const GitsRequest& request) {
  request.validate(model.info());
  GitsTeachers run = run_gits_teacher(model, teacher, request, {static_cast<int64_t>(request.seeds.size())});
  GitsTeacher& all = run.first.front();
  GitsSearch search{std::move(all.costs), std::move(all.deviations), std::move(run.ends), {}, run.nfe, all.seconds};
  const Stopwatch clock;
  search.schedules = gits_schedules(search.costs, request);
  search.seconds.program = clock.seconds();
  if (request.afs_student != nullptr) add_afs_levels(model, request, search);
  return search;
}

}  // namespace farfield
