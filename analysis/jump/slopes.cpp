#include "analysis/jump/slopes.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "analysis/geometry/three_point.h"
#include "analysis/paths/curve.h"
#include "analysis/paths/path_batches.h"
#include "core/error.h"
#include "samplers/integrate.h"
#include "samplers/solvers/solver_registry.h"

namespace farfield {
namespace {

constexpr double kNoSlope = std::numeric_limits<double>::quiet_NaN();
constexpr double kSpacing = 0.05;   // of a level, between the points of a derivative
constexpr double kGapShare = 0.25;  // at most that part of the way to the next level
constexpr const char* kAccurate = "dopri5,rtol=1e-5,atol=1e-5";

// Where D is looked at along the accurate path: three levels for each that a step starts from, and which of them it is.
struct SlopePoints {
  std::vector<double> levels;                  // falling, the schedule's own among them
  std::vector<std::array<int64_t, 3>> places;  // of the three, in `levels`
  std::vector<std::array<double, 3>> weights;
};

std::array<double, 3> triple_at(const std::vector<double>& levels, size_t n, double lowest) {
  const double sigma = levels[n];
  double step = std::min(kSpacing * sigma, kGapShare * (sigma - levels[n + 1]));
  if (n > 0) step = std::min(step, kGapShare * (levels[n - 1] - sigma));
  if (n == 0) return {sigma, sigma - step, sigma - 2 * step};
  if (sigma - step < lowest) return {sigma + 2 * step, sigma + step, sigma};
  return {sigma + step, sigma, sigma - step};
}

SlopePoints slope_points(const std::vector<double>& levels, double lowest) {
  std::vector<std::array<double, 3>> triples;
  SlopePoints points;
  points.levels = levels;
  for (size_t n = 0; n + 1 < levels.size(); ++n) {
    triples.push_back(triple_at(levels, n, lowest));
    points.levels.insert(points.levels.end(), triples.back().begin(), triples.back().end());
  }
  std::ranges::sort(points.levels, std::greater<>());
  points.levels.erase(std::ranges::unique(points.levels).begin(), points.levels.end());
  for (size_t n = 0; n < triples.size(); ++n) {
    const std::vector<double> three(triples[n].begin(), triples[n].end());
    std::array<int64_t, 3> places{};
    for (size_t j = 0; j < 3; ++j) places[j] = std::ranges::find(points.levels, three[j]) - points.levels.begin();
    const auto own = static_cast<size_t>(std::ranges::find(three, levels[n]) - three.begin());
    points.places.push_back(places);
    points.weights.push_back(three_point_rules(three)[own].weights);
  }
  return points;
}

// [B, N, ...shape] dD/dsigma at every level that a step starts from.
torch::Tensor true_slopes(const Path& path, const SlopePoints& points) {
  std::vector<torch::Tensor> slopes;
  for (size_t n = 0; n < points.places.size(); ++n) {
    torch::Tensor slope;
    for (size_t j = 0; j < 3; ++j) {
      const torch::Tensor part = points.weights[n][j] * path.denoised[points.places[n][j]];
      slope = slope.defined() ? slope + part : part;
    }
    slopes.push_back(slope);
  }
  return torch::stack(slopes, 1);
}

// [B, N]: how far the slopes that a path implies are from `slopes`.
torch::Tensor slope_errors(const Path& path, const torch::Tensor& slopes) {
  std::vector<torch::Tensor> errors;
  for (int64_t n = 0; n < slopes.size(1); ++n) {
    const double from = path.levels[n], to = path.levels[n + 1];
    const torch::Tensor expected = slopes.select(1, n).flatten(1), size = expected.norm(2, 1);
    torch::Tensor error = torch::full_like(size, kNoSlope);
    if (to > 0) {
      const torch::Tensor implied = implied_slope(path.states[n], path.states[n + 1], path.denoised[n], from, to);
      error = (implied.flatten(1) - expected).norm(2, 1) / size;
    }
    errors.push_back(torch::where(size > 0, error, torch::full_like(size, kNoSlope)));
  }
  return torch::stack(errors, 1);
}

// The accurate path of some trajectories, each by itself: its steps are its own.
Path accurate_path(const Denoiser& model, const Solver& solver, const SampleRequest& request, RowRange rows) {
  std::vector<torch::Tensor> states, denoised;
  Path path;
  for (int64_t row = rows.first; row < rows.first + rows.size; ++row) {
    path = run_path(model, solver, request, path_start(request, model.info(), {row, 1}));
    states.push_back(path.states);
    denoised.push_back(path.denoised);
  }
  path.states = torch::cat(states, 1);
  path.denoised = torch::cat(denoised, 1);
  return path;
}

}  // namespace

torch::Tensor generalised_denoised(const torch::Tensor& x, const torch::Tensor& x_next, double from, double to) {
  return (x_next - (to / from) * x) / (1 - to / from);
}

torch::Tensor implied_slope(const torch::Tensor& x, const torch::Tensor& x_next, const torch::Tensor& denoised,
                            double from, double to) {
  return 2 * (generalised_denoised(x, x_next, from, to) - denoised) / (to - from);
}

std::vector<std::string> slope_solvers() { return {"euler", "spndm", "deis_rhoab2", "dpm2", "heun"}; }

Slopes measure_slopes(const Denoiser& model, const std::vector<std::string>& names, SampleRequest request, Comm& comm) {
  std::vector<std::unique_ptr<const Solver>> solvers;
  int64_t evaluations = 0;
  for (const std::string& name : names) {
    solvers.push_back(make_solver(name));
    check_paths(request, *solvers.back(), model.info());
    if (solvers.back()->adaptive() || levels_visited(*solvers.back(), request.levels, false) != request.levels) {
      throw usage_error(
          fmt::format("slopes: solver {} takes steps of its own; give one that takes the schedule's", name));
    }
    evaluations += count_evaluations(*solvers.back(), request);
  }
  const auto accurate = make_solver(kAccurate);
  const SlopePoints points = slope_points(request.levels, model.info().sigma_min);
  SampleRequest fine = request;
  fine.levels = points.levels;
  evaluations += count_evaluations(*accurate, fine);
  BatchWork work{"slopes", static_cast<int64_t>(request.seeds.size()), request.batch, evaluations, {"error", "size"},
                 {}};
  work.measure = [&](RowRange rows, Progress& progress) {
    request.on_evaluation = fine.on_evaluation = [&](int64_t samples) { progress.advance(samples); };
    const torch::Tensor slopes = true_slopes(accurate_path(model, *accurate, fine, rows), points);
    std::vector<torch::Tensor> errors;
    for (const auto& solver : solvers) {
      errors.push_back(
          slope_errors(run_path(model, *solver, request, path_start(request, model.info(), rows)), slopes));
    }
    return Arrays{{"error", torch::stack(errors, 1)}, {"size", slopes.flatten(2).norm(2, 2)}};
  };
  Arrays arrays = measure_batches(work, {}, comm);
  std::vector<double> levels(request.levels.begin(), request.levels.end() - 1);
  return {names, std::move(levels), arrays["error"], arrays["size"]};
}

Table slope_table(const Slopes& slopes) {
  Table table;
  table.columns = {"solver", "step", "sigma", "error_mean", "error_std", "error_low", "error_high"};
  const auto cell = [](double value) { return std::isfinite(value) ? Cell(value) : Cell(); };
  for (size_t s = 0; s < slopes.solvers.size(); ++s) {
    const Curve curve = curve_of(slopes.error.select(1, static_cast<int64_t>(s)).contiguous());
    for (size_t n = 0; n < slopes.levels.size(); ++n) {
      table.add({slopes.solvers[s], static_cast<int64_t>(n), slopes.levels[n], cell(curve.mean[n]), cell(curve.std[n]),
                 cell(curve.low[n]), cell(curve.high[n])});
    }
  }
  return table;
}

}  // namespace farfield
