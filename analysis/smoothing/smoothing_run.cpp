#include "analysis/smoothing/smoothing_run.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "analysis/smoothing/euler_steps.h"
#include "analysis/smoothing/learned_score.h"
#include "core/error.h"
#include "core/interrupts.h"
#include "core/math/random.h"
#include "core/progress.h"
#include "models/smoothing/line_means.h"

namespace farfield {
namespace {

constexpr int64_t kBins = 100;
constexpr double kReach = 1.5;     // of the histogram, in extents
constexpr double kOnPoint = 0.01;  // nearer than this an end is on its point
constexpr double kMostSteps = 1e4;

// [starts, d]: a point, and noise of standard deviation sqrt(t_0) in every coordinate.
torch::Tensor starts_of(const SmoothingOptions& options, const EvenPoints& line) {
  torch::Tensor x = torch::empty({options.starts, options.dimension}, torch::kFloat64);
  const double sigma = std::sqrt(options.start_time);
  for (int64_t i = 0; i < options.starts; ++i) {
    double* row = x.mutable_data_ptr<double>() + i * options.dimension;
    const uint64_t key = mix_key({options.seed, static_cast<uint64_t>(i)});
    fill_normal(key, row, options.dimension);
    for (int64_t j = 0; j < options.dimension; ++j) row[j] *= sigma;
    row[0] += line.points()[SplitMix64(mix_key({key, 1})).below(line.points().size())];
  }
  return x;
}

SmoothingProcess integrate_starts(const std::string& name, const EulerStep& step, const torch::Tensor& starts,
                                  const std::vector<double>& sigmas, size_t middle) {
  torch::Tensor x = starts.clone();
  std::vector<torch::Tensor> snapshots = {starts};
  Progress progress(name + " score", static_cast<int64_t>(sigmas.size()) - 1, "steps");
  for (size_t n = 0; n + 1 < sigmas.size(); ++n) {
    stop_if_interrupted();
    step(x, sigmas[n], sigmas[n + 1]);
    if (n + 1 == middle) snapshots.push_back(x.clone());
    progress.advance();
  }
  snapshots.push_back(x);
  return {name, torch::stack(snapshots), 0, 0, 0, 0, 0, 0};
}

SmoothingProcess flow_of_starts(const SmoothingOptions& options, const EvenPoints& line, const torch::Tensor& starts,
                                const std::vector<double>& times) {
  std::vector<torch::Tensor> snapshots;
  for (const double time : times) {
    torch::Tensor x = starts * std::sqrt(time / times[0]);
    const double* from = starts.const_data_ptr<double>();
    double* to = x.mutable_data_ptr<double>();
    for (int64_t i = 0; i < x.size(0); ++i)
      to[i * x.size(1)] = line.flow(from[i * x.size(1)], options.start_time, time, options.kappa);
    snapshots.push_back(x);
  }
  return {"flow", torch::stack(snapshots), 0, 0, 0, 0, 0, 0};
}

std::vector<double> histogram(const torch::Tensor& first, const std::vector<double>& bins) {
  std::vector<double> shares(bins.size() - 1);
  const double width = bins[1] - bins[0];
  for (int64_t i = 0; i < first.size(0); ++i) {
    const double place = std::floor((first[i].item<double>() - bins[0]) / width);
    if (place >= 0 && place < static_cast<double>(shares.size()))
      shares[static_cast<size_t>(place)] += 1 / static_cast<double>(first.size(0));
  }
  return shares;
}

double total_variation(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0, outside = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += std::abs(a[i] - b[i]), outside += a[i] - b[i];
  return (sum + std::abs(outside)) / 2;
}

// Of the uniform density on [-extent, extent]; bins there have the same share.
double uniform_divergence_of(const std::vector<double>& shares, const std::vector<double>& bins, double extent) {
  double sum = 0, covered = 0;
  for (size_t i = 0; i < shares.size(); ++i) {
    const double inside = std::min(bins[i + 1], extent) - std::max(bins[i], -extent);
    if (inside <= 1e-12 * extent) continue;
    const double share = inside / (2 * extent);
    covered += share;
    sum += share * std::log(share / shares[i]);
  }
  check(std::abs(covered - 1) < 1e-9, "uniform_divergence_of: bins over the whole extent");
  return sum;
}

void measure_ends(SmoothingProcess& process, const SmoothingRun& run, const EvenPoints& line,
                  const std::vector<double>& masses, const torch::Tensor& flow) {
  const torch::Tensor ends = process.snapshots[2], first = ends.select(1, 0);
  const torch::Tensor points = torch::tensor(line.points(), torch::kFloat64);
  torch::Tensor squares = (first.unsqueeze(1) - points).square();
  if (ends.size(1) > 1) squares = squares + ends.narrow(1, 1, ends.size(1) - 1).square().sum(1, true);
  const torch::Tensor nearest = std::get<0>(squares.min(1)).sqrt();
  process.variance_across = ends.size(1) > 1 ? ends.narrow(1, 1, ends.size(1) - 1).var(false).item<double>()
                                             : std::numeric_limits<double>::quiet_NaN();
  process.nearest = nearest.mean().item<double>();
  process.on_points = (nearest <= kOnPoint).to(torch::kFloat64).mean().item<double>();
  process.to_flow = (ends - flow).square().sum(1).mean().sqrt().item<double>();
  const std::vector<double> shares = histogram(first, run.bins);
  process.apart = total_variation(shares, masses);
  process.divergence = uniform_divergence_of(shares, run.bins, run.options.extent);
}

LineScore least_direction(const EvenPoints& line, double kappa) {
  const LineMeans means(line.points(), std::vector<double>(line.points().size(), 1));
  return [line, means, kappa](double x, double t) {
    return (means.least_smoothed(x, t, line.smoothing_at(t, kappa)).denoised - x) / t;
  };
}

// The processes behind the four of the closed form's side.
std::vector<std::pair<std::string, EulerStep>> further_steps(const SmoothingOptions& options, const EvenPoints& line) {
  std::vector<std::pair<std::string, EulerStep>> steps;
  if (options.dimension > 1) steps.emplace_back("direction", along_line(least_direction(line, options.kappa)));
  if (options.draws > 0)
    steps.emplace_back("drawn", by_draws(line, {options.kappa, options.draws, options.clip, options.seed}));
  if (options.learned_steps > 0) {
    constexpr double kRate = 0.004;  // and batches of 16: the paper's
    steps.emplace_back("learned", by_learned(learn_score(line, options.dimension, options.start_time,
                                                         {.steps = options.learned_steps,
                                                          .batch = 16,
                                                          .learning_rate = kRate,
                                                          .hidden = options.hidden,
                                                          .seed = options.seed})));
  }
  return steps;
}

}  // namespace

EvenPoints SmoothingOptions::line() const {
  std::vector<double> points;
  for (int64_t k = 0; k < this->points; ++k) {
    const double along = static_cast<double>(k) / static_cast<double>(this->points - 1);
    points.push_back(extent * (2 * along - 1));
  }
  return EvenPoints(points);
}

std::vector<double> SmoothingOptions::sigmas() const {
  const double first = std::sqrt(start_time);
  std::vector<double> levels;
  for (int64_t n = 0; first - static_cast<double>(n) * step > 1e-9 * step; ++n)
    levels.push_back(first - static_cast<double>(n) * step);
  levels.push_back(0);
  return levels;
}

void SmoothingOptions::validate() const {
  const auto refuse = [](const std::string& what) { throw usage_error("smoothing: " + what); };
  if (points < 2 || points > kMostLinePoints)
    refuse(fmt::format("points is {}, expected 2 to {}", points, kMostLinePoints));
  if (dimension < 1 || dimension > kMostDimension)
    refuse(fmt::format("dimension is {}, expected 1 to {}", dimension, kMostDimension));
  if (starts < 1 || starts > kMostStarts) refuse(fmt::format("starts is {}, expected 1 to {}", starts, kMostStarts));
  if (!(extent > 0 && extent <= 1e6)) refuse(fmt::format("extent is {}, expected above 0, at most 1e6", extent));
  if (!(kappa > 0 && start_time > 0))
    refuse(fmt::format("kappa is {} and t0 {}, both must be above 0", kappa, start_time));
  if (!(step > 0 && std::sqrt(start_time) / step <= kMostSteps))
    refuse(fmt::format("step is {}, expected above 0 and at most 10,000 steps from sqrt(t0) = {}", step,
                       std::sqrt(start_time)));
  if (learned_steps < 0 || learned_steps > kMostLearningSteps || decay_steps < 0 || decay_steps > kMostLearningSteps)
    refuse(fmt::format("learned_steps is {} and decay_steps {}, expected 0 to {}", learned_steps, decay_steps,
                       kMostLearningSteps));
  if (draws < 0 || draws > kMostDraws) refuse(fmt::format("draws is {}, expected 0 to {}", draws, kMostDraws));
  if (!(clip >= 0 && clip <= kLongestClip)) refuse(fmt::format("clip is {}, expected 0 to {}", clip, kLongestClip));
  if (clip > 0 && draws == 0) refuse("clip is of drawn scores; give draws, 512 in the document");
  if (hidden < 1 || hidden > kMostHidden) refuse(fmt::format("hidden is {}, expected 1 to {}", hidden, kMostHidden));
  line().smoothing_at(start_time, kappa);
}

std::vector<double> end_masses(const EvenPoints& line, double start_time, double kappa,
                               const std::vector<double>& bins) {
  std::vector<double> masses(bins.size() - 1);
  const double width = bins[1] - bins[0];
  for (size_t i = 0; i < masses.size(); ++i) masses[i] = line.end_mass_between(bins[i], bins[i + 1], start_time, kappa);
  const std::vector<double> weights = line.end_weights(start_time, kappa);
  for (size_t k = 0; k < weights.size(); ++k)
    masses.at(static_cast<size_t>(std::floor((line.points()[k] - bins[0]) / width))) += weights[k];
  return masses;
}

SmoothingRun run_smoothing(const SmoothingOptions& options) {
  options.validate();
  const EvenPoints line = options.line();
  const std::vector<double> sigmas = options.sigmas();
  const auto nearest = std::min_element(sigmas.begin(), sigmas.end(), [&](double a, double b) {
    const double half = std::sqrt(options.start_time / 2);
    return std::abs(a - half) < std::abs(b - half);
  });
  const auto middle = std::clamp<size_t>(static_cast<size_t>(nearest - sigmas.begin()), 1, sigmas.size() - 1);
  SmoothingRun run{options, {options.start_time, sigmas[middle] * sigmas[middle], 0}, {}, {}};
  for (int64_t i = 0; i <= kBins; ++i)
    run.bins.push_back(options.extent * kReach * (2 * static_cast<double>(i) / kBins - 1));
  const torch::Tensor starts = starts_of(options, line);
  const auto tau = [&](double t) { return line.smoothing_at(t, options.kappa); };
  const std::vector<std::pair<std::string, LineScore>> scores = {
      {"empirical", [&](double x, double t) { return line.score(x, t); }},
      {"smoothed", [&](double x, double t) { return line.smoothed_score(x, t, tau(t)); }},
      {"piecewise", [&](double x, double t) { return line.piecewise_smoothed_score(x, t, tau(t)); }}};
  for (const auto& [name, score] : scores)
    run.processes.push_back(integrate_starts(name, along_line(score), starts, sigmas, middle));
  run.processes.push_back(flow_of_starts(options, line, starts, run.times));
  const torch::Tensor flow = run.processes.back().snapshots[2];
  for (const auto& [name, step] : further_steps(options, line))
    run.processes.push_back(integrate_starts(name, step, starts, sigmas, middle));
  const std::vector<double> masses = end_masses(line, options.start_time, options.kappa, run.bins);
  for (SmoothingProcess& process : run.processes) measure_ends(process, run, line, masses, flow);
  if (options.decay_steps > 0) run.decay = learn_with_decay(options.decay_steps, options.hidden, options.seed);
  return run;
}

}  // namespace farfield
