#include "analysis/geometry/geometry_report.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "analysis/page/format.h"
#include "core/text.h"

namespace farfield {
namespace {

// A number of every path and what the documents print.
struct ComparedNumber {
  std::string what;
  std::function<std::string(const PathSummary&)> of;
  std::string documents;
};

std::string digits(double value, int count) { return std::isfinite(value) ? format_digits(value, count) : "–"; }

std::string measured(const Average& average) {
  return average.count > 0 ? format_measured(average.mean, average.low, average.high) : "–";
}

std::string at_level(double value, double sigma) { return digits(value, 3) + " at σ = " + format_sigma(sigma); }

std::vector<ComparedNumber> compared_numbers(const GeometryView& view) {
  std::vector<ComparedNumber> numbers = {
      {"distance between the ends of x", [](const PathSummary& s) { return digits(s.states.endpoint_distance, 4); },
       "4428 (000), 8868 (001)"},
      {"largest mean deviation of x",
       [](const PathSummary& s) { return at_level(s.states.max_mean_deviation, s.states.max_mean_deviation_sigma); },
       "16 at 10 (000), 30 (001)"},
      {"their ratio", [](const PathSummary& s) { return digits(s.states.deviation_ratio, 2); },
       "0.0036 (000), 0.0034 (001)"},
      {"distance between the ends of D", [](const PathSummary& s) { return digits(s.denoised.endpoint_distance, 3); },
       "26 (000)"},
      {"largest mean deviation of D",
       [](const PathSummary& s) {
    return at_level(s.denoised.max_mean_deviation, s.denoised.max_mean_deviation_sigma);
  }, "7 at 5 (000)"},
      {"their ratio", [](const PathSummary& s) { return digits(s.denoised.deviation_ratio, 2); }, "0.27 (000)"},
      {"least mean cosine of −dx/dσ and the way to the end",
       [](const PathSummary& s) { return digits(s.min_cos_end, 4); }, "0.98 (000)"},
      {"least mean cosine of two steps", [](const PathSummary& s) { return digits(s.min_cos_step, 4); }, "≈ 1 (001)"},
      {"length over σ₀√d", [](const PathSummary& s) { return digits(s.length_over_sigma_sqrt_d, 4); }, "≈ 1 (001)"},
      {"‖ε‖/√d, mean over levels", [](const PathSummary& s) { return digits(s.norm_eps_over_sqrt_d, 4); }, "≈ 1 (001)"},
      {"curvature in all, radians", [](const PathSummary& s) { return measured(s.total_turning); }, ""}};
  const std::vector<std::string> documents = {"", "≈ 0.85 (001)", ""};
  for (size_t k = 0; k < documents.size(); ++k) {
    numbers.push_back({fmt::format("variance explained by {} component{}", k + 1, k == 0 ? "" : "s"),
                       [k](const PathSummary& s) { return measured(s.explained[k]); }, documents[k]});
  }
  for (size_t k = 0; k < 5; ++k) {
    numbers.push_back({fmt::format("mean error of the {}-D reconstruction", k + 1),
                       [k](const PathSummary& s) { return digits(s.reconstruction[k].mean, 3); }, ""});
  }
  if (view.run.request.measures.space == PathSpace::kVp) {
    for (ComparedNumber& number : numbers) number.documents = "";
  }
  return numbers;
}

const Observation& observation_of(const PathSummary& summary, const std::string& name) {
  return *std::ranges::find(summary.observations, name, &Observation::name);
}

// Where an observation does not hold: "at σ = 0.003", "at 5 of 101 levels, from σ = 0.005 on".
std::string where_words(const Observation& one, size_t levels) {
  if (one.not_at.size() == 1) return "at σ = " + format_sigma(one.not_at[0]);
  return fmt::format("at {} of {} levels, from σ = {} on", one.not_at.size(), levels, format_sigma(one.not_at.front()));
}

// For the heads of narrow columns.
std::vector<std::string> short_names(const GeometryView& view) {
  std::vector<std::string> names = {"model", "exact denoiser", "Gaussian"};
  names.resize(view.run.paths.size());
  return names;
}

}  // namespace

std::string headline_of(const GeometryView& view) {
  const ChordSummary &states = view.model().states, &denoised = view.model().denoised;
  if (!std::isfinite(states.deviation_ratio))
    return "The ends of the trajectories coincide: there is no line to stray from.";
  const std::string of_d = std::isfinite(denoised.deviation_ratio)
                               ? "those of D by " + format_digits(denoised.deviation_ratio, 2) + " of theirs"
                               : "D stays where it is";
  return fmt::format(
      "Trajectories stray from the straight line between their ends by at most {} on average, at σ = {}: {} of its "
      "length; {}.",
      format_digits(states.max_mean_deviation, 3), format_sigma(states.max_mean_deviation_sigma),
      format_digits(states.deviation_ratio, 2), of_d);
}

Table comparison_of_paths(const GeometryView& view) {
  Table table{.columns = {"number"}, .rows = {}};
  for (const std::string& name : short_names(view)) table.columns.push_back(name);
  table.columns.emplace_back("documents");
  for (const ComparedNumber& number : compared_numbers(view)) {
    std::vector<Cell> row = {number.what};
    for (const PathSummary& summary : view.summaries) row.emplace_back(number.of(summary));
    row.emplace_back(number.documents);
    table.add(std::move(row));
  }
  return table;
}

Table observation_table(const GeometryView& view) {
  Table table{.columns = {"observation"}, .rows = {}};
  for (const std::string& name : short_names(view)) table.columns.push_back(name);
  for (const Observation& one : view.model().observations) {
    std::vector<Cell> row = {one.words};
    for (const PathSummary& summary : view.summaries) {
      const Observation& here = observation_of(summary, one.name);
      row.emplace_back(here.holds() ? "holds" : "not " + where_words(here, view.run.levels.size()));
    }
    table.add(std::move(row));
  }
  return table;
}

std::vector<SeriesStyle> path_styles(const GeometryView& view) {
  std::vector<std::string> kinds;
  for (const MeasuredPaths& path : view.run.paths) kinds.push_back(path.kind);
  return series_styles(kinds);
}

std::vector<Series> path_lines(const GeometryView& view, const std::string& measure, double factor) {
  const std::vector<SeriesStyle> styles = path_styles(view);
  std::vector<Series> lines;
  for (size_t i = 0; i < view.summaries.size(); ++i) {
    Series line = curve_series(view.run.paths[i].name, styles[i], view.run.levels,
                               view.summaries[i].curves.at(measure));
    for (std::vector<double>* values : {&line.y, &line.low, &line.high}) {
      for (double& value : *values) value *= factor;
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

std::string how_measured(const GeometryView& view) {
  const GeometryRun& run = view.run;
  return fmt::format(
      "{} trajectories by {} over {} levels ({} evaluations each){}. Bands are 95 % bootstrap intervals of the mean "
      "over trajectories.",
      run.request.sampling.seeds.size(), run.request.solver, run.levels.size(), run.paths[0].nfe,
      run.request.measures.space == PathSpace::kVp ? ", in the variance-preserving view z = x/√(1 + σ²)" : "");
}

std::string exception_words(const GeometryView& view, const std::string& observation) {
  const Observation& one = observation_of(view.model(), observation);
  return one.holds() ? "" : ", except " + where_words(one, view.run.levels.size());
}

Table level_numbers(const GeometryView& view,
                    const std::vector<std::pair<std::string, std::string>>& titles_and_measures) {
  Table table{.columns = {"σ"}, .rows = {}};
  for (const auto& [title, measure] : titles_and_measures) table.columns.push_back(title);
  for (size_t n = 0; n < view.run.levels.size(); ++n) {
    std::vector<Cell> row = {format_sigma(view.run.levels[n])};
    for (const auto& [title, measure] : titles_and_measures) {
      const Curve& curve = view.model().curves.at(measure);
      row.emplace_back(curve.count[n] > 0 ? format_measured(curve.mean[n], curve.low[n], curve.high[n]) : "");
    }
    table.add(std::move(row));
  }
  return table;
}

std::string ends_of(const Series& series) {
  if (series.y.empty()) return series.label + ": none";
  return fmt::format("{}: {} at σ = {}, {} at σ = {}", series.label, format_digits(series.y.back(), 3),
                     format_sigma(series.x.back()), format_digits(series.y.front(), 3), format_sigma(series.x.front()));
}

const std::vector<FigureRow<GeometryView>>& geometry_figures() {
  static const std::string kMagnitudes = "Magnitudes", kChord = "Deviation from the chord", kAngles = "Angles",
                           kLength = "ε and length", kComponents = "Principal components off the chord",
                           kView = "In three dimensions", kCurvature = "Curvature and torsion";
  static const std::vector<FigureRow<GeometryView>> rows = {{kMagnitudes, magnitude_figure},
                                                            {kMagnitudes, forward_figure},
                                                            {kChord, deviation_figure},
                                                            {kChord, distance_figure},
                                                            {kAngles, angle_figure},
                                                            {kLength, length_figure},
                                                            {kComponents, reconstruction_figure},
                                                            {kComponents, reconstruction_strips_figure},
                                                            {kView, view_figure},
                                                            {kCurvature, curvature_figure}};
  return rows;
}

}  // namespace farfield
