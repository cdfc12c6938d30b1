#include <cmath>

#include <fmt/format.h>

#include "analysis/page/format.h"
#include "analysis/page/matrix_chart.h"
#include "analysis/page/strips.h"
#include "analysis/theory/theory_figures.h"
#include "analysis/theory/theory_tables.h"

namespace farfield {
namespace {

std::string direction_name(const TheoryRun& run, int64_t k) {
  if (k >= run.directions.size()) return "off manifold";
  const auto place = static_cast<size_t>(k);
  return fmt::format("{} (√λ {})", run.directions.components[place],
                     format_digits(std::sqrt(run.directions.eigenvalues[place]), 2));
}

// Responses over components (rows) and levels (columns), of the model or of the theory.
MatrixChart response_map(const TheoryRun& run, bool of_model) {
  MatrixChart map;
  map.row_title = "component";
  map.column_title = "σ of the perturbation";
  map.value_title = of_model ? "response of the model" : "response of the Gaussian";
  map.digits = 2;
  for (const double sigma : run.perturbed_levels) map.columns.push_back(format_sigma(sigma));
  for (int64_t k = 0; k < run.perturbations.at("along").size(2); ++k) {
    const Curve along = response_curve(run, "along", k);
    std::vector<double> row;
    for (size_t m = 0; m < run.perturbed_levels.size(); ++m)
      row.push_back(of_model ? along.mean[m] : perturbation_theory(run, k, m));
    map.rows.push_back(direction_name(run, k));
    map.values.push_back(std::move(row));
  }
  return map;
}

}  // namespace

std::optional<Figure> amplification_figure(const TheoryRun& run) {
  if (run.perturbations.empty()) return std::nullopt;
  const int64_t directions = run.perturbations.at("along").size(2);
  const bool off = directions > run.directions.size();
  std::string found = "The map of a perturbation's factor, measured and in theory";
  if (off) {
    const Curve size = response_curve(run, "size", directions - 1);
    size_t most = 0;
    for (size_t m = 1; m < size.mean.size(); ++m) most = size.mean[m] > size.mean[most] ? m : most;
    found = fmt::format(
        "Off the manifold of the data a perturbation leaves {} of itself in the sample, at most (at σ = {}); the theory says none",
        format_measured(size.mean[most], size.low[most], size.high[most]), format_sigma(run.perturbed_levels[most]));
  }
  Figure figure;
  figure.title = std::move(found);
  figure.caption =
      "The factor by which a perturbation along a component is found in the sample, over its level (002, Fig 3 E): the model's "
      "measured one beside √(λ/(λ + σ²)). Divide by α = 1/√(1 + σ²) for that of variance-preserving scales. Off the manifold: along the part of "
      "x_T in which the data do not vary.";
  figure.charts = {
      {matrix_chart(response_map(run, true)), "The model's response, a row a component, a column a level."},
      {matrix_chart(response_map(run, false)), "The Gaussian's response, likewise."}};
  figure.data_file = "perturbation.csv";
  return figure;
}

std::optional<Figure> strips_figure(const TheoryRun& run) {
  if (run.shown.empty()) return std::nullopt;
  const int64_t count = run.shown.begin()->second.x.size(0);
  Figure figure;
  for (int64_t row = 0; row < count; ++row) {
    Strip strip{fmt::format("seed {}", run.options.request.seeds[static_cast<size_t>(row)]),
                "sigma",
                level_captions(run.levels, run.shown_levels),
                {}};
    for (const std::string& path : measured_paths(run)) {
      for (StripRow& one : view_rows(run.shown.at(path), row, path == "model" ? "model" : "closed form"))
        strip.rows.push_back(std::move(one));
    }
    if (auto picture = strip_picture(strip)) figure.pictures.push_back(std::move(*picture));
  }
  if (figure.pictures.empty()) return std::nullopt;
  figure.title = run.inputs.model ? "The model's trajectory above the Gaussian's closed form, from the same noise"
                                  : "The Gaussian's closed form from noise to image";
  figure.caption = fmt::format(
      "State x, shown as x/√(1 + σ²) so that it is of the data's size; step x_n − x_(n+1){}, divided by its largest absolute value; and "
      "D(x_n) (002, Fig 5 A). D begins at the mean of the data; components come in the order of their variance.",
      parse_space(run.options.space) == PathSpace::kVp ? " in variance-preserving scales" : "");
  return figure;
}

}  // namespace farfield
