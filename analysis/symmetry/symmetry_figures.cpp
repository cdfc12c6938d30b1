#include "analysis/symmetry/symmetry_figures.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include <fmt/format.h>

#include "analysis/page/charts.h"
#include "analysis/page/format.h"
#include "analysis/page/strips.h"
#include "analysis/paths/path.h"
#include "analysis/symmetry/symmetry_tables.h"
#include "core/text.h"

namespace farfield {
namespace {

constexpr int64_t kShownDirections = 9;

std::string kind_of(const SymmetryRun& run) { return run.inputs.model->info().kind; }

// A value over the levels, from the last level up.
Series over_levels(const SymmetryRun& run, const std::string& label, const SeriesStyle& style,
                   const std::function<double(size_t n)>& value) {
  Series series{label, style, {}, {}, {}, {}};
  for (size_t n = run.path.levels.size(); n-- > 0;) {
    const double y = value(n);
    if (!std::isfinite(y)) continue;
    series.x.push_back(run.path.levels[n]);
    series.y.push_back(y);
  }
  return series;
}

std::string critical_words(const SymmetryRun& run) {
  if (run.path.critical) {
    const double sigma = run.path.critical->sigma;
    return fmt::format("σ = {} (α = {}, t = {} for β_d = 19.9, β_min = 0.1)", format_digits(sigma, 5),
                       format_digits(vp_alpha(sigma), 5), format_digits(vp_time_of(sigma), 4));
  }
  return "";
}

// "; two points of the variance of the first component would break at σ = 3.8, the data's Gaussian at 2.4"
std::string predictions(const SymmetryRun& run) {
  if (run.pair) {
    return fmt::format(" Closed form for two points: σ = {}.", format_digits(run.pair->critical_sigma(), 7));
  }
  if (!run.inputs.gaussian) return "";
  const double l = run.inputs.gaussian->eigenvalues[0].item<double>();
  const auto own = gaussian_critical_sigma(l);
  return fmt::format(
      " The data's Gaussian, first eigenvalue {}, {}; two points of that variance break at {}.", format_digits(l, 3),
      own ? fmt::format("is unstable below σ = {}", format_digits(*own, 3)) : std::string("is stable at every level"),
      l > 0 ? format_digits(Pair{std::sqrt(l)}.critical_sigma(), 3) : std::string("none"));
}

// " Before that it comes near at σ = 4.74."
std::string soft_words(const SymmetryRun& run) {
  std::vector<std::string> levels;
  for (const size_t place : soft_places(run.path)) {
    levels.push_back(fmt::format(
        "{} ({})", format_sigma(run.path.levels[place]),
        format_digits(sde_eigenvalue(run.path.centre[place].denoiser_eigenvalue, run.path.levels[place]), 2)));
  }
  return levels.empty() ? ""
                        : " While stable it is largest, locally, at σ = " + join(levels, ", ") +
                              ": a decision that breaks no symmetry.";
}

}  // namespace

std::optional<Figure> stability_figure(const SymmetryRun& run) {
  const std::vector<SeriesStyle> styles = series_styles({kind_of(run), "flow", "gaussian"});
  std::vector<Series> lines = {
      over_levels(run, "reverse SDE", styles[0],
                  [&](size_t n) { return sde_eigenvalue(run.path.centre[n].denoiser_eigenvalue, run.path.levels[n]); }),
      over_levels(run, "probability-flow ODE", styles[1], [&](size_t n) {
    return ode_eigenvalue(run.path.centre[n].denoiser_eigenvalue, run.path.levels[n]);
  })};
  if (run.inputs.gaussian) {
    const double l = run.inputs.gaussian->eigenvalues[0].item<double>();
    lines.push_back(over_levels(run, "SDE of the Gaussian", styles[2],
                                [&](size_t n) { return gaussian_sde_eigenvalue(l, run.path.levels[n]); }));
  }
  const FixedPoint& softest = run.path.centre[softest_place(run.path)];
  Figure figure;
  figure.title = run.path.critical
                     ? (run.path.ends ? "The centre ends at " : "The centre loses its stability at ") +
                           critical_words(run)
                     : fmt::format("The centre never loses its stability: its largest eigenvalue is {}, at σ = {}",
                                   format_digits(sde_eigenvalue(softest.denoiser_eigenvalue, softest.sigma), 3),
                                   format_sigma(softest.sigma));
  figure.caption = fmt::format(
      "The largest eigenvalue of the drift's Jacobian, over β, at the fixed point that starts at the mean of the data: of the reverse SDE "
      "½ + (j − 1)/s², of the probability-flow ODE ½ + (j − 1)/(2s²), j the largest of dD/dx, s = σ/√(1 + σ²). Stable while below the line at 0.{}{}{}",
      soft_words(run), predictions(run),
      run.path.critical
          ? ""
          : " Data without a symmetry need not break it: one mode then takes over smoothly, and the others appear beside it.");
  Panel panel{{"largest eigenvalue / β", Scale::kLinear, std::pair{-1.1, 1.1}}, std::move(lines), {0}, 240};
  figure.charts = {{line_chart({sigma_axis(run.path.levels), {panel}}),
                    "Eigenvalues of the drift at the centre over the noise level."}};
  figure.data_file = "fixed_points.csv";
  figure.numbers = fixed_points_table(run);
  return figure;
}

std::optional<Figure> bifurcation_figure(const SymmetryRun& run) {
  const auto& sides = run.path.sides;
  const auto found = [&](size_t side) {
    return std::any_of(sides.begin(), sides.end(), [&](const auto& both) { return both[side].has_value(); });
  };
  if (!found(0) && !found(1)) return std::nullopt;
  const SeriesStyle style = series_style(kind_of(run));
  SeriesStyle unstable = style;
  unstable.dash = {3, 3};
  const auto is_stable = [&](size_t n) {
    return sde_eigenvalue(run.path.centre[n].denoiser_eigenvalue, run.path.levels[n]) < 0;
  };
  std::vector<Series> lines = {
      over_levels(run, "centre, stable", style, [&](size_t n) { return is_stable(n) ? 0 : std::nan(""); }),
      over_levels(run, "centre, unstable", unstable, [&](size_t n) { return is_stable(n) ? std::nan("") : 0; })};
  for (const size_t side : {0, 1}) {
    lines.push_back(over_levels(run, side == 0 ? "beside it, plus" : "beside it, minus", style, [&](size_t n) {
      const FixedPoint& centre = run.path.centre[n];
      if (!sides[n][side]) return std::nan("");
      return vp_alpha(centre.sigma) * (sides[n][side]->x - centre.x).dot(centre.direction).item<double>();
    }));
  }
  std::erase_if(lines, [](const Series& series) { return series.x.empty(); });
  Figure figure;
  const bool both = found(0) && found(1);
  figure.title = run.path.critical && both ? "Below it two stable points take the centre's place, one on each side"
                 : both                    ? "Stable points appear on both sides of the centre"
                                           : "A stable point appears beside the centre";
  figure.caption =
      "Fixed points of the reverse SDE's drift, z(1 + α²)/2 = αD, over the noise level: position along the centre's least stable direction, "
      "relative to the centre, in variance-preserving scales. Dashed: unstable." +
      std::string(run.pair ? " The closed form is in the file, column closed_form." : "");
  figure.charts = {{line_chart({sigma_axis(run.path.levels),
                                {{{"position along the direction", Scale::kLinear, {}}, std::move(lines), {}, 240}}}),
                    "The bifurcation diagram: fixed points over the noise level."}};
  figure.data_file = "fixed_points.csv";
  return figure;
}

std::optional<Figure> potential_figure(const SymmetryRun& run) {
  if (run.potentials.empty()) return std::nullopt;
  std::vector<std::string> labels;
  for (const PotentialCurve& curve : run.potentials) labels.push_back("σ = " + format_sigma(curve.sigma));
  const std::vector<SeriesStyle> styles = series_styles(labels);
  Panel sde{{"reverse SDE", Scale::kLinear, {}}, {}, {0}, 220},
      ode{{"probability-flow ODE", Scale::kLinear, {}}, {}, {0}, 180};
  for (size_t i = 0; i < labels.size(); ++i) {
    Series one{labels[i], styles[i], {}, {}, {}, {}};
    Series other{labels[i], styles[i], {}, {}, {}, {}};
    for (size_t k = 0; k < run.potentials[i].position.size(); k += 2) {
      one.x.push_back(run.potentials[i].position[k]), one.y.push_back(run.potentials[i].sde[k]);
      other.x.push_back(run.potentials[i].position[k]), other.y.push_back(run.potentials[i].ode[k]);
    }
    sde.series.push_back(std::move(one));
    ode.series.push_back(std::move(other));
  }
  const PotentialCurve& last = run.potentials.back();
  const double depth = -*std::min_element(last.sde.begin(), last.sde.end());
  Figure figure;
  figure.title = depth > 1e-12 ? fmt::format("At σ = {} the centre stands {} above the bottom of the potential",
                                             format_sigma(last.sigma), format_digits(depth, 3))
                               : fmt::format("The centre is the bottom of the potential down to σ = {}",
                                             format_sigma(last.sigma));
  figure.caption =
      "Along the least stable direction through the centre, in variance-preserving scales, divided by β: −log p − |z|²/4, whose slope drives the "
      "reverse SDE (003; Raya and Ambrogioni 2023), and −½log p − |z|²/4 of the probability-flow ODE, for which the centre of two points is "
      "stable at no level. Values are from the centre's.";
  figure.charts = {
      {line_chart({{"position along the direction", Scale::kLinear, {}}, {std::move(sde), std::move(ode)}}),
       "Potentials along the least stable direction at several noise levels."}};
  figure.data_file = "potentials.csv";
  return figure;
}

std::optional<Figure> direction_figure(const SymmetryRun& run) {
  std::vector<int64_t> shape = run.inputs.model->info().sample_shape;
  const std::vector<int64_t> places = spread_places(static_cast<int64_t>(run.path.levels.size()), kShownDirections);
  shape.insert(shape.begin(), static_cast<int64_t>(places.size()));
  std::vector<torch::Tensor> centre, direction;
  Strip strip{"", "sigma", {}, {}};
  for (const int64_t place : places) {
    const FixedPoint& point = run.path.centre[static_cast<size_t>(place)];
    strip.columns.push_back(format_sigma(point.sigma));
    centre.push_back(point.x * fixed_point_gain(point.sigma));
    direction.push_back(point.direction);
  }
  strip.rows = {{"D = g x", torch::stack(centre).view(shape)},
                {"direction", scaled_to_largest(torch::stack(direction).view(shape))}};
  auto picture = strip_picture(strip);
  if (!picture) return std::nullopt;
  Figure figure;
  if (run.inputs.gaussian) {
    const FixedPoint& at = run.path.critical ? *run.path.critical : run.path.centre[softest_place(run.path)];
    const double cosine = std::fabs(at.direction.dot(run.inputs.gaussian->basis.select(1, 0)).item<double>());
    figure.title = fmt::format(
        "The least stable direction at σ = {} has a cosine of {} with the data's first component",
        format_sigma(at.sigma), format_digits(cosine, 3));
  } else {
    figure.title = "The fixed point and its least stable direction";
  }
  figure.caption =
      "Above: D at the fixed point, an image of the data's size that starts as their mean. Below: the eigenvector of dD/dx with the largest eigenvalue, "
      "divided by its largest absolute value; its sign means nothing.";
  figure.pictures.push_back(std::move(*picture));
  figure.data_file = "symmetry.npz";
  return figure;
}

}  // namespace farfield
