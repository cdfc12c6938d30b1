#include "analysis/few_steps/fit_figures.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "analysis/page/charts.h"
#include "analysis/page/format.h"
#include "analysis/page/ordinal_styles.h"
#include "core/text.h"

namespace farfield {
namespace {

std::string budget_word(const FitRecord& fit) { return fmt::format("{} evaluations", fit.nfe); }

Cell number_or_nothing(double value) {
  if (std::isnan(value)) return std::monostate();
  return value;
}

Table updates_table(const SolverFitRun& run) {
  Table table{.columns = {"nfe", "iteration", "rate", "train_rms", "held_out_rms"}, .rows = {}};
  for (const FitRecord& fit : run.fits) {
    for (const FitRow& row : fit.rows)
      table.add({fit.nfe, row.iteration, row.rate, number_or_nothing(row.train), number_or_nothing(row.held_out)});
  }
  return table;
}

Panel updates_panel(const FitRecord& fit) {
  const auto styles = series_styles({"batch", "held out"});
  Series train{"batch", styles[0], {}, {}, {}, {}}, held_out{"held out", styles[1], {}, {}, {}, {}};
  for (const FitRow& row : fit.rows) {
    if (!std::isnan(row.train)) {
      train.x.push_back(static_cast<double>(row.iteration));
      train.y.push_back(row.train);
    }
    if (!std::isnan(row.held_out)) {
      held_out.x.push_back(static_cast<double>(row.iteration));
      held_out.y.push_back(row.held_out);
    }
  }
  return {{"rms at " + budget_word(fit), Scale::kLog, {}}, {train, held_out}, {}, 160};
}

Series rms_series(const std::string& name, const SeriesStyle& style) { return {name, style, {}, {}, {}, {}}; }

void add_error(Series& series, int64_t nfe, const RmsError& error) {
  series.x.push_back(static_cast<double>(nfe));
  series.y.push_back(error.rms);
  series.low.push_back(error.low);
  series.high.push_back(error.high);
}

std::vector<std::string> rival_names(const SolverFitRun& run) {
  std::vector<std::string> names;
  for (const FitRival& rival : run.rivals) {
    if (std::find(names.begin(), names.end(), rival.solver) == names.end()) names.push_back(rival.solver);
  }
  return names;
}

Table rivals_table(const SolverFitRun& run) {
  Table table{.columns = {"nfe", "solver", "steps", "evaluations", "depth", "rms", "rms_low", "rms_high"}, .rows = {}};
  for (const FitRecord& fit : run.fits) {
    for (const bool fitted : {true, false}) {
      const SolverTable& one = fitted ? fit.fitted : fit.start;
      const RmsError error = rms_error(fitted ? fit.fitted_squares : fit.start_squares);
      const TableCounts counts = table_counts(one);
      table.add({fit.nfe, fit.settings.method + (fitted ? "" : " (start)"), std::ssize(one.steps), counts.evaluations,
                 counts.depth, error.rms, error.low, error.high});
    }
    for (const FitRival& rival : run.rivals) {
      if (rival.nfe != fit.nfe) continue;
      table.add({rival.nfe, rival.solver, rival.steps, rival.evaluations, rival.evaluations, rival.error.rms,
                 rival.error.low, rival.error.high});
    }
  }
  return table;
}

Table places_table(const SolverFitRun& run) {
  Table table{.columns = {"nfe", "evaluation", "step", "point", "sigma", "network", "weight"}, .rows = {}};
  for (const FitRecord& fit : run.fits) {
    int64_t evaluation = 0;
    for (size_t i = 0; i < fit.fitted.steps.size(); ++i) {
      const auto& step = fit.fitted.steps[i];
      const auto number = static_cast<int64_t>(i) + 1;
      table.add({fit.nfe, ++evaluation, number, int64_t{0}, fit.fitted.levels[i], step.network, step.own});
      for (size_t k = 0; k < step.points.size(); ++k) {
        const auto& point = step.points[k];
        table.add(
            {fit.nfe, ++evaluation, number, static_cast<int64_t>(k) + 1, point.level, point.network, point.weight});
      }
    }
  }
  return table;
}

}  // namespace

std::optional<Figure> updates_figure(const SolverFitRun& run) {
  LineChart chart;
  chart.x = {"update", Scale::kLinear, {}};
  std::vector<std::string> words;
  for (const FitRecord& fit : run.fits) {
    chart.panels.push_back(updates_panel(fit));
    words.push_back(fmt::format("{} from {} to {}", budget_word(fit), format_digits(fit.rows.front().held_out, 3),
                                format_digits(rms_error(fit.fitted_squares).rms, 3)));
  }
  Figure figure;
  figure.title = "How far held-out trajectories end from the teacher: " + join(words, ", ");
  figure.caption = fmt::format(
      "Root mean square per number of the distance between the ends, of the batch of every update before it and of the {} held-out "
      "seeds. The table with the least on these is kept.",
      run.fits.front().fitted_squares.numel());
  figure.numbers = updates_table(run);
  figure.charts = {{line_chart(chart), "Distance over updates. Held out: " + join(words, ", ") + "."}};
  return figure;
}

std::optional<Figure> rivals_figure(const SolverFitRun& run) {
  const auto names = rival_names(run);
  if (names.empty()) return std::nullopt;
  std::vector<std::string> kinds = {"fitted", "start"};
  kinds.insert(kinds.end(), names.begin(), names.end());
  const auto styles = series_styles(kinds);
  std::vector<Series> series = {rms_series(run.options.settings.method, styles[0]), rms_series("its start", styles[1])};
  for (size_t i = 0; i < names.size(); ++i) series.push_back(rms_series(names[i], styles[i + 2]));
  for (const FitRecord& fit : run.fits) {
    add_error(series[0], fit.nfe, rms_error(fit.fitted_squares));
    add_error(series[1], fit.nfe, rms_error(fit.start_squares));
  }
  for (const FitRival& rival : run.rivals) {
    const auto place = std::find(names.begin(), names.end(), rival.solver) - names.begin();
    add_error(series[static_cast<size_t>(place) + 2], rival.nfe, rival.error);
  }
  const auto best = std::min_element(run.rivals.begin(), run.rivals.end(), [&](const FitRival& a, const FitRival& b) {
    return std::pair(-a.nfe, a.error.rms) < std::pair(-b.nfe, b.error.rms);
  });
  Figure figure;
  figure.title = fmt::format(
      "With {} the table ends {} from the teacher, the best known solver, {}, {}", budget_word(run.fits.back()),
      format_digits(rms_error(run.fits.back().fitted_squares).rms, 3), best->solver, format_digits(best->error.rms, 3));
  figure.caption =
      "Root mean square per number of the distance between the ends on the held-out seeds, with the 95 % bootstrap interval over "
      "seeds. Known solvers take as many steps as the evaluations allow of the schedule that the fit began with. Depth counts the "
      "evaluations that wait for one another.";
  figure.numbers = rivals_table(run);
  LineChart chart;
  chart.x = {"evaluations (NFE)", Scale::kLinear, {}};
  chart.panels = {{{"rms distance from the teacher", Scale::kLog, {}}, std::move(series), {}, 300}};
  figure.charts = {{line_chart(chart), "Distance over evaluations, a line a solver. " + figure.title + "."}};
  return figure;
}

std::optional<Figure> places_figure(const SolverFitRun& run) {
  const auto styles = ordinal_styles(run.fits.size());
  std::vector<Series> series;
  for (size_t f = 0; f < run.fits.size(); ++f) {
    Series one{budget_word(run.fits[f]), styles[f], {}, {}, {}, {}};
    double evaluation = 0;
    for (size_t i = 0; i < run.fits[f].fitted.steps.size(); ++i) {
      one.x.push_back(++evaluation);
      one.y.push_back(run.fits[f].fitted.levels[i]);
      for (const auto& point : run.fits[f].fitted.steps[i].points) {
        one.x.push_back(++evaluation);
        one.y.push_back(point.level);
      }
    }
    series.push_back(std::move(one));
  }
  Figure figure;
  figure.title = "Where the fitted tables evaluate";
  figure.caption =
      "The noise level of every evaluation in turn; point 0 is where a step begins, the others are its midpoints. Network is the "
      "level that the network is shown, Weight its coefficient in the end of the step.";
  figure.numbers = places_table(run);
  LineChart chart;
  chart.x = {"evaluation", Scale::kLinear, {}};
  chart.panels = {{{"noise level σ", Scale::kLog, {}}, std::move(series), {}, 240}};
  figure.charts = {{line_chart(chart), "Noise levels of the evaluations, a line a table."}};
  return figure;
}

}  // namespace farfield
