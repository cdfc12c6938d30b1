#include <cmath>

#include <fmt/format.h>

#include "analysis/dynamics/dynamics_output.h"
#include "analysis/page/charts.h"
#include "analysis/page/format.h"
#include "analysis/page/matrix_chart.h"
#include "core/text.h"

namespace farfield {
namespace {

std::string level_word(const DynamicsRun& run, size_t level) {
  return "σ = " + format_sigma(run.options.probes.sigmas[level]);
}

std::vector<std::string> level_words(const DynamicsRun& run) {
  std::vector<std::string> words;
  for (const double sigma : run.options.probes.sigmas) words.push_back(format_sigma(sigma));
  return words;
}

// Residuals at one level over the images, a line a reference.
Panel level_panel(const DynamicsView& view, size_t level) {
  const DynamicsRun& run = view.run;
  const std::vector<SeriesStyle> styles = series_styles(run.kinds);
  Panel panel{{"left over at " + level_word(run, level), Scale::kLog, {}}, {}, {}, 130};
  for (size_t r = 0; r < run.references.size(); ++r) {
    Series line{run.references[r], styles[r], {}, {}, {}, {}};
    for (size_t i = 0; i < run.looks.size(); ++i) {
      const Explained& score = view.summary.at(run, i, r, level).score;
      line.x.push_back(static_cast<double>(run.inputs.snapshots[i].images));
      line.y.push_back(1 - score.value);
      line.low.push_back(1 - score.high);
      line.high.push_back(1 - score.low);
    }
    panel.series.push_back(std::move(line));
  }
  return panel;
}

// A matrix of one number for each reference and level.
template <class Number>
MatrixChart over_references(const DynamicsRun& run, const std::string& title, Number number) {
  MatrixChart chart;
  chart.rows = run.references;
  chart.columns = level_words(run);
  chart.row_title = "reference";
  chart.column_title = "noise level σ";
  chart.value_title = title;
  chart.scale = Scale::kLog;
  for (size_t r = 0; r < run.references.size(); ++r) {
    std::vector<double> values;
    for (size_t s = 0; s < run.options.probes.sigmas.size(); ++s) values.push_back(number(r, s));
    chart.values.push_back(std::move(values));
  }
  return chart;
}

Table reading_nearest(const DynamicsView& view) {
  Table table{
      .columns = {"reference", "σ", "nearest after", "left over then", "left over now", "rise", "95 % interval"},
      .rows = {}};
  for (const NearestTime& time : view.summary.nearest) {
    const auto text = [&](double value) { return format_measured(value, time.rise_low, time.rise_high); };
    table.add({view.run.references[static_cast<size_t>(time.reference)],
               format_sigma(view.run.options.probes.sigmas[static_cast<size_t>(time.level)]),
               time_words(view.run, time.least), format_digits(time.least_residual, 3),
               format_digits(time.last_residual, 3), std::isfinite(time.rise) ? text(time.rise) : "",
               std::isfinite(time.rise_low) ? text(time.rise_low) + " to " + text(time.rise_high) : ""});
  }
  return table;
}

// The levels at which a reference has been left, "σ = 0.1, 0.5".
std::string left_words(const DynamicsView& view, size_t reference) {
  std::vector<std::string> levels;
  for (size_t s = 0; s < view.run.options.probes.sigmas.size(); ++s) {
    if (has_left(view.summary.nearest_at(view.run, reference, s)))
      levels.push_back(format_sigma(view.run.options.probes.sigmas[s]));
  }
  return levels.empty() ? "" : view.run.references[reference] + " at σ = " + join(levels, ", ");
}

}  // namespace

std::optional<Figure> learning_figure(const DynamicsView& view) {
  const DynamicsRun& run = view.run;
  LineChart chart;
  chart.x = {"training images", Scale::kLog, {}};
  for (size_t s = 0; s < run.options.probes.sigmas.size(); ++s) chart.panels.push_back(level_panel(view, s));
  std::vector<std::string> left;
  for (size_t r = 0; r < run.references.size(); ++r) {
    if (const std::string words = left_words(view, r); !words.empty()) left.push_back(words);
  }
  Figure figure;
  figure.title = left.empty() ? "The network comes nearer to every reference, or stays"
                              : "It first comes nearer, then leaves: " + join(left, "; ");
  figure.caption = fmt::format(
      "What every reference leaves of the network's score, Σ‖s − s_ref‖² / Σ‖s‖² over the same {} noised samples at every "
      "snapshot ({}), over the images seen. Bands are 95 % bootstrap intervals over probes; a reference counts as left where the "
      "paired interval of last over least lies above 1. 002 (figures 12, 24, 25) finds that the Gaussian is approached, then left "
      "at σ ≤ 1.5, and that the exact score is approached throughout.",
      run.options.probes.probes, run.inputs.snapshots.size());
  figure.charts = {
      {line_chart(chart),
       "What references leave of the score over training images, a panel a noise level. " + figure.title + "."}};
  figure.data_file = "dynamics.csv";
  figure.numbers = dynamics_table(run, view.summary);
  return figure;
}

std::optional<Figure> rise_figure(const DynamicsView& view) {
  const DynamicsRun& run = view.run;
  if (run.looks.size() < 2) return std::nullopt;
  const NearestTime* most = &view.summary.nearest.front();
  for (const NearestTime& time : view.summary.nearest) {
    if (time.rise > most->rise) most = &time;
  }
  MatrixChart chart = over_references(run, "last over least residual",
                                      [&](size_t r, size_t s) { return view.summary.nearest_at(run, r, s).rise; });
  chart.digits = 2;
  Figure figure;
  figure.title = fmt::format("{} is left furthest behind: {} times its least residual at {}",
                             run.references[static_cast<size_t>(most->reference)], format_digits(most->rise, 3),
                             level_word(run, static_cast<size_t>(most->level)));
  if (!(most->rise > 1)) figure.title = "No reference was ever nearer than at the last snapshot";
  figure.caption =
      "What a reference leaves of the last snapshot's score over what it left of the one that it was nearest to. 1: never nearer.";
  figure.charts = {{matrix_chart(chart), figure.title + "."}};
  figure.data_file = "nearest.csv";
  figure.numbers = reading_nearest(view);
  return figure;
}

std::optional<Figure> nearest_time_figure(const DynamicsView& view) {
  const DynamicsRun& run = view.run;
  if (run.looks.size() < 2) return std::nullopt;
  MatrixChart chart = over_references(run, "images at the least residual", [&](size_t r, size_t s) {
    return static_cast<double>(run.inputs.snapshots[view.summary.nearest_at(run, r, s).least].images);
  });
  chart.digits = 3;
  int64_t before = 0;
  for (const NearestTime& time : view.summary.nearest) before += time.least != time.last;
  Figure figure;
  figure.title = fmt::format("In {} of {} curves the least residual comes before the last snapshot", before,
                             view.summary.nearest.size());
  figure.caption = "After how many training images the network was nearest to each reference, at every noise level.";
  figure.charts = {{matrix_chart(chart), figure.title + "."}};
  figure.data_file = "nearest.csv";
  return figure;
}

}  // namespace farfield
