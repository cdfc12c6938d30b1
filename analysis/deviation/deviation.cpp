#include "analysis/deviation/deviation.h"

#include <algorithm>
#include <limits>

#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include "analysis/neighbours/nearest_neighbours.h"
#include "core/error.h"
#include "core/progress.h"
#include "core/text.h"
#include "samplers/integrate.h"
#include "samplers/seed_batch.h"

namespace farfield {
namespace {

constexpr double kNoValue = std::numeric_limits<double>::quiet_NaN();

void check_start(const DeviationSubject& subject, const DeviationRequest& request) {
  if (request.start == DeviationStart::kNoise) return;
  const auto count = static_cast<int64_t>(request.sampling.seeds.size());
  const DataInfo& data = subject.data->info();
  if (count > data.count) {
    throw usage_error(fmt::format("--start data: {} trajectories, but {} has {} samples; give fewer seeds", count,
                                  data.name, data.count));
  }
  const DenoiserInfo& model = subject.model->info();
  if (model.label_dim > 0 && !request.sampling.label && data.label_dim > model.label_dim) {
    throw usage_error(fmt::format("--start data: {} knows {} classes, {} has more; say one for all with --class",
                                  model.name, model.label_dim, data.name));
  }
}

// Where trajectories begin: the noise that the seeds draw, on top of samples where that is asked for, then of their classes.
PathStart deviation_start(const DeviationSubject& subject, const DeviationRequest& request, RowRange rows) {
  SampleRequest sampling = request.sampling;
  const bool on_data = request.start == DeviationStart::kNoisedData;
  if (on_data && subject.data->labels().defined() && !sampling.label) sampling.classes = subject.data->labels();
  PathStart start = path_start(sampling, subject.model->info(), rows);
  if (on_data) start.x += start_samples(subject, rows).to(start.x.device());
  return start;
}

torch::Tensor distances(const torch::Tensor& a, const torch::Tensor& b) {
  return (a - b).flatten(1).norm(2, {1}, false, torch::kFloat64).cpu();
}

// Rows of numbers at every level, all without a value at first.
class LevelTable {
 public:
  LevelTable(int64_t rows, int64_t levels) {
    for (const auto& name : deviation_names()) arrays_[name] = torch::full({rows, levels}, kNoValue, torch::kFloat64);
  }
  void put(const std::string& name, int64_t level, const torch::Tensor& values) {
    arrays_.at(name).select(1, level).copy_(values);
  }
  Arrays take() { return std::move(arrays_); }

 private:
  Arrays arrays_;
};

void put_deviations(const DeviationLevel& at, LevelTable& table) {
  const double variance = at.sigma * at.sigma;
  const auto d1 = distances(at.optimum.denoised, at.denoised), d2 = distances(at.optimum.denoised, at.x);
  const auto d1_star = distances(at.star_optimal, at.star_denoised);
  table.put("d1", at.n, d1);
  table.put("d1_star", at.n, d1_star);
  table.put("difference", at.n, distances(at.star, at.x));
  table.put("d_difference", at.n, distances(at.star_optimal, at.denoised));
  table.put("d2", at.n, d2);
  table.put("ratio", at.n, torch::where(d2 > 0, d1 / d2, torch::full_like(d1, kNoValue)));
  table.put("score", at.n, d1 / variance);
  table.put("score_star", at.n, d1_star / variance);
  if (at.optimum.entropy.defined()) table.put("effective", at.n, at.optimum.entropy.exp().cpu());
}

void put_gains(const DeviationLevel& at, const Denoiser& optimal, const Bandwidth& bandwidth, LevelTable& table) {
  const double h = bandwidth.at(at.sigma);
  const torch::Tensor before = bandwidth.is_sigma() ? at.optimum.log_density : log_density(optimal, at.x, h, at.labels);
  // One pass over the data for all three.
  const torch::Tensor points = torch::cat({at.denoised, at.next, at.optimum.denoised});
  const torch::Tensor labels = at.labels.defined() ? at.labels.repeat({3, 1}) : at.labels;
  const auto after = log_density(optimal, points, h, labels).chunk(3);
  table.put("gain_denoised", at.n, (after[0] - before).cpu());
  table.put("gain_next", at.n, (after[1] - before).cpu());
  table.put("gain_optimal", at.n, (after[2] - before).cpu());
}

}  // namespace

const std::vector<std::string>& deviation_names() {
  static const std::vector<std::string> names = {"d1",        "d1_star",       "difference", "d_difference",
                                                 "d2",        "ratio",         "score",      "score_star",
                                                 "effective", "gain_denoised", "gain_next",  "gain_optimal"};
  return names;
}

const std::vector<std::string>& neighbour_names() {
  static const std::vector<std::string> names = {"index", "distance", "index_star", "distance_star"};
  return names;
}

void check_deviation(const DeviationSubject& subject, const DeviationRequest& request, const Solver& solver) {
  const DenoiserInfo& model = subject.model->info();
  check_paths(request.sampling, solver, model);
  if (subject.data->info().shape != model.sample_shape || subject.optimal->info().sample_shape != model.sample_shape) {
    throw usage_error(fmt::format(
        "deviation: samples of {} are [{}], those of {} are [{}]; give the data of this model (for example with ,pad=)",
        subject.data->info().name, join(subject.data->info().shape, ","), model.name, join(model.sample_shape, ",")));
  }
  check_neighbours(model.sample_shape, subject.data->info(), request.k);
  check_start(subject, request);
}

torch::Tensor start_samples(const DeviationSubject& subject, RowRange rows) {
  return subject.data->rows(rows.first, rows.size).to(torch::kFloat64);
}

DeviationEnds visit_levels(const DeviationSubject& subject, const Solver& solver, const DeviationRequest& request,
                           RowRange rows, const std::function<void(int64_t samples)>& on_evaluation,
                           const std::function<void(const DeviationLevel&)>& visit) {
  const torch::NoGradGuard no_gradients;
  SampleRequest sampling = request.sampling;
  sampling.on_evaluation = on_evaluation;
  const PathStart start = deviation_start(subject, request, rows);
  const torch::Tensor labels = subject.optimal->info().label_dim > 0 ? start.labels : torch::Tensor();
  const Path own = run_path(*subject.model, solver, sampling, start);
  const Path star = run_path(*subject.optimal, solver, sampling, {start.x, labels});
  const auto on_device = [&](const torch::Tensor& states) { return states.to(sampling.device); };
  const int64_t steps = own.denoised.size(0);
  for (int64_t n = 0; n < steps; ++n) {
    const double sigma = own.levels[static_cast<size_t>(n)];
    DeviationLevel at{n,
                      sigma,
                      on_device(own.states[n]),
                      on_device(own.denoised[n]),
                      on_device(own.states[n + 1]),
                      {},
                      on_device(star.states[n]),
                      on_device(star.denoised[n]),
                      {},
                      labels};
    at.optimum = look_at(*subject.optimal, at.x, sigma, labels);
    on_evaluation(rows.size);
    at.star_denoised = (*subject.model)(at.star, sigma, start.labels);
    on_evaluation(rows.size);
    visit(at);
  }
  return {own.states[steps], star.states[steps], own.denoised[steps - 1], star.denoised[steps - 1]};
}

int64_t deviation_evaluations(const Solver& solver, const SampleRequest& sampling) {
  const auto steps = static_cast<int64_t>(levels_visited(solver, sampling.levels, false).size()) - 1;
  return 2 * count_evaluations(solver, sampling) + 2 * steps;
}

Arrays measure_deviation(const DeviationSubject& subject, const Solver& solver, const DeviationRequest& request,
                         RowRange rows, Progress& progress) {
  const auto levels = static_cast<int64_t>(levels_visited(solver, request.sampling.levels, false).size());
  const bool ranked = request.bandwidth && has_density(*subject.optimal);
  LevelTable table(rows.size, levels);
  const DeviationEnds ends = visit_levels(subject, solver, request, rows, [&](int64_t samples) {
    progress.advance(samples);
  }, [&](const DeviationLevel& at) {
    put_deviations(at, table);
    if (ranked) put_gains(at, *subject.optimal, *request.bandwidth, table);
  });
  table.put("difference", levels - 1, distances(ends.star, ends.x));
  Arrays all = table.take();
  const Neighbours found = nearest_neighbours(torch::cat({ends.denoised, ends.star_optimal}), *subject.data, request.k);
  const auto index = found.index.chunk(2), distance = found.distance.chunk(2);
  for (const size_t half : {0, 1}) {
    const std::string suffix = half == 0 ? "" : "_star";
    all["index" + suffix] = index[half].contiguous();
    all["distance" + suffix] = distance[half].contiguous();
  }
  return all;
}

}  // namespace farfield
