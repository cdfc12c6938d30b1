#include "analysis/symmetry/symmetry_run.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "core/error.h"
#include "core/limits.h"
#include "core/math/random.h"
#include "core/text.h"
#include "models/analytic/analytic.h"
#include "samplers/model_levels.h"
#include "samplers/schedules/vp_time.h"
#include "samplers/seed_batch.h"

namespace farfield {
namespace {

constexpr int64_t kPotentialPoints = 81;
constexpr uint64_t kStartKey = 0x5359;  // of the direction in which an eigenvector is looked for first

std::vector<double> levels_between(double from, double to, int64_t count) {
  std::vector<double> levels;
  for (int64_t i = 0; i < count; ++i) {
    const double way = static_cast<double>(i) / static_cast<double>(count - 1);
    levels.push_back(i == 0 ? from : i + 1 == count ? to : std::exp((1 - way) * std::log(from) + way * std::log(to)));
  }
  return levels;
}

std::vector<double> levels_of(const SymmetryOptions& options, const SymmetryRun& run) {
  const DenoiserInfo& info = run.inputs.model->info();
  const double from = options.sigma_max.value_or(run.pair ? 10 * run.pair->a : std::min(80.0, info.sigma_max));
  const double to = options.sigma_min.value_or(run.pair ? run.pair->a / 10 : std::max(0.05, info.sigma_min));
  if (!(from > to)) throw usage_error(fmt::format("symmetry: levels from {:g} to {:g}; they must fall", from, to));
  const std::vector<double> levels = levels_between(from, to, options.levels);
  check_levels_for(info, levels);
  return levels;
}

torch::Tensor start_direction(const SymmetryInputs& inputs, int64_t dim) {
  if (inputs.gaussian) return inputs.gaussian->basis.select(1, 0).contiguous();
  torch::Tensor direction = torch::empty({dim}, torch::kFloat64);
  fill_normal(mix_key({kStartKey}), direction.mutable_data_ptr<double>(), dim);
  return direction;
}

torch::Tensor label_of(const SymmetryOptions& options, const DenoiserInfo& info) {
  if (!options.label) return {};
  if (*options.label < 0 || *options.label >= info.label_dim) {
    throw usage_error(fmt::format("symmetry: class {} asked for, but {} knows {} classes", *options.label, info.name,
                                  info.label_dim));
  }
  return one_hot_labels(torch::full({1}, *options.label, torch::kInt64), info.label_dim, options.device);
}

std::vector<double> potential_levels(const SymmetryRun& run) {
  if (!run.options.potentials.empty()) return run.options.potentials;
  const double centre = run.path.critical ? run.path.critical->sigma : run.path.levels[softest_place(run.path)];
  std::vector<double> levels;
  for (const double factor : {1.7, 1.0, 0.7, 0.45}) {
    const double sigma = factor * centre;
    if (sigma <= run.path.levels.front() && sigma >= run.path.levels.back()) levels.push_back(sigma);
  }
  return levels;
}

// How far along its direction a potential is drawn: beyond the stable points beside it, or three of the posterior's deviations.
double reach_of(const FixedPoint& point, const std::array<std::optional<FixedPoint>, 2>& sides) {
  double reach = std::max(point.sigma, 3 * point.sigma * std::sqrt(std::max(point.denoiser_eigenvalue, 0.0)));
  for (const auto& side : sides) {
    if (side) reach = std::max(reach, 1.7 * std::fabs((side->x - point.x).dot(point.direction).item<double>()));
  }
  return reach;
}

void add_potentials(const PointDenoiser& denoiser, const FixedPointOptions& how, SymmetryRun& run) {
  for (const double sigma : potential_levels(run)) {
    const auto& levels = run.path.levels;
    const auto nearest = std::ranges::min_element(levels, {},
                                                  [&](double level) { return std::fabs(std::log(level / sigma)); });
    const auto place = static_cast<size_t>(nearest - levels.begin());
    const FixedPoint& near = run.path.centre[place];
    FixedPoint point = newton_fixed_point(denoiser, sigma, near.x, how);
    if (!point.converged) continue;
    add_eigenvalue(denoiser, near.direction, how, point);
    run.potentials.push_back(
        potential_along(*run.inputs.model, denoiser, point, reach_of(point, run.path.sides[place]), kPotentialPoints));
  }
}

}  // namespace

void SymmetryOptions::validate() const {
  const auto refuse = [](const std::string& what, double value, const std::string& expected) {
    throw usage_error(fmt::format("symmetry: {} {}; expected {}", what, value, expected));
  };
  if (!(pair >= 1e-6 && pair <= 1e6)) refuse("pair", pair, "a distance from 1e-6 to 1e6");
  for (const auto& level : {sigma_max, sigma_min}) {
    if (level && !limits::is_sigma(*level)) refuse("level", *level, "a noise level above 0");
  }
  for (const double level : potentials) {
    if (!limits::is_sigma(level)) refuse("potential at level", level, "a noise level above 0");
  }
  if (levels < 2 || levels > limits::kMostGridPoints)
    refuse("levels", static_cast<double>(levels), fmt::format("2 to {}", limits::kMostGridPoints));
}

SymmetryRun run_symmetry(SymmetryInputs inputs, SymmetryOptions options) {
  options.validate();
  SymmetryRun run{std::move(inputs), std::move(options), {}, {}, {}};
  if (!run.inputs.model) {
    run.pair = Pair{run.options.pair};
    run.inputs.model = make_delta(torch::tensor({{-run.pair->a}, {run.pair->a}}, torch::kFloat64), {1});
    run.inputs.model_text = fmt::format("two points at -{0:g} and {0:g}", run.pair->a);
  }
  const Denoiser& model = *run.inputs.model;
  const FixedPointOptions how = fixed_point_options(model);
  const std::vector<double> levels = levels_of(run.options, run);
  const PointDenoiser denoiser(model, label_of(run.options, model.info()), run.options.device, how.step);
  if (run.inputs.gaussian && run.inputs.gaussian->dim() != denoiser.dim()) {
    throw usage_error(fmt::format("symmetry: the Gaussian has {} dimensions, samples of the model have shape {}",
                                  run.inputs.gaussian->dim(), join(model.info().sample_shape, ",")));
  }
  run.path = follow_centre(denoiser, levels, start_direction(run.inputs, denoiser.dim()), how);
  if (run.path.centre.empty()) {
    throw numeric_error(
        fmt::format("symmetry: no fixed point of {} found at sigma {:g}; begin at another level with --sigma-max",
                    model.info().name, levels.front()));
  }
  add_potentials(denoiser, how, run);
  run.path.evaluations = denoiser.evaluations();
  return run;
}

size_t softest_place(const Continuation& path) {
  size_t softest = 0;
  for (size_t n = 1; n < path.centre.size(); ++n) {
    if (path.centre[n].instability() > path.centre[softest].instability()) softest = n;
  }
  return softest;
}

std::vector<size_t> soft_places(const Continuation& path) {
  std::vector<size_t> places;
  const auto value = [&](size_t n) { return path.centre[n].instability() / fixed_point_gain(path.levels[n]); };
  for (size_t n = 1; n + 1 < path.centre.size(); ++n) {
    if (path.critical && path.levels[n] < path.critical->sigma) break;
    if (value(n) < 0 && value(n) > value(n - 1) && value(n) > value(n + 1)) places.push_back(n);
  }
  return places;
}

std::optional<double> gaussian_critical_sigma(double eigenvalue) {
  return eigenvalue > 2 ? std::optional(std::sqrt(eigenvalue - 2)) : std::nullopt;
}

double gaussian_sde_eigenvalue(double eigenvalue, double sigma) {
  return 0.5 - (1 + sigma * sigma) / (eigenvalue + sigma * sigma);
}

double vp_time_of(double sigma) { return VpTime::from_betas(19.9, 0.1).time(sigma); }

}  // namespace farfield
