#include "analysis/study/ablation_report.h"

#include <cmath>
#include <functional>
#include <map>

#include <fmt/format.h>

#include "analysis/page/charts.h"
#include "analysis/page/figure_table.h"
#include "analysis/page/format.h"
#include "core/io/npz.h"
#include "core/text.h"
#include "samplers/solvers/solver_registry.h"

namespace farfield {
namespace {

using torch::Tensor;

const std::vector<std::string> kPhaseNames = {"teacher", "costs", "program"};

struct Spread {
  double mean, std;  // std is NaN for one value
};

Spread spread_of(const Tensor& values) {
  const auto count = static_cast<double>(values.numel());
  const double mean = values.mean().item<double>();
  return {mean, std::sqrt((values - mean).square().sum().item<double>() / (count - 1))};
}

Cell std_cell(const Spread& spread) {
  if (std::isnan(spread.std)) return {};
  return spread.std;
}

std::string said(const Spread& spread) {
  const std::string mean = format_digits(spread.mean, 3);
  return std::isnan(spread.std) ? mean : fmt::format("{} ± {}", mean, format_digits(spread.std, 2));
}

Series series_over(const Ablation& ablation, const std::string& label, SeriesStyle style,
                   const std::function<Spread(int64_t value)>& spread_at) {
  Series series{label, style, ablation.variation.values, {}, {}, {}};
  for (size_t v = 0; v < series.x.size(); ++v) {
    const Spread spread = spread_at(static_cast<int64_t>(v));
    series.y.push_back(spread.mean);
    if (std::isnan(spread.std)) continue;
    series.low.push_back(spread.mean - spread.std);
    series.high.push_back(spread.mean + spread.std);
  }
  return series;
}

Axis value_axis(const Ablation& ablation) {
  const bool counts = ablation.variation.what == Varied::kWarmup;
  const char* title = counts                                       ? "warm-up trajectories"
                      : ablation.variation.what == Varied::kPoints ? "points of the grid"
                                                                   : "gamma";
  return {title, counts ? Scale::kLog : Scale::kLinear, {}};
}

int64_t repeats_of(const Ablation& ablation) { return ablation.rms.size(2); }

// What is shown of every repeat: an axis' name and values [V, E, R].
struct AblatedNumber {
  Axis axis;
  Tensor values;
};

Figure worth_figure(const Ablation& ablation, const AblatedNumber& number) {
  std::vector<std::string> labels, words;
  for (const int64_t nfe : ablation.nfe) labels.push_back(fmt::format("{} evaluations", nfe));
  const auto styles = series_styles(labels);
  Panel panel{number.axis, {}, {}, 280};
  for (size_t e = 0; e < labels.size(); ++e) {
    const auto of = [&](int64_t v) { return spread_of(number.values[v][static_cast<int64_t>(e)]); };
    panel.series.push_back(series_over(ablation, labels[e], styles[e], of));
    words.push_back(
        fmt::format("{}: {}", labels[e], said(of(static_cast<int64_t>(ablation.variation.values.size()) - 1))));
  }
  Figure figure;
  figure.caption = fmt::format(
      "Mean and standard deviation over {} repeats, each searched from seeds of its own; measured over the "
      "same other seeds.",
      repeats_of(ablation));
  figure.charts = {{line_chart({value_axis(ablation), {panel}}), "At the largest value: " + join(words, "; ") + "."}};
  return figure;
}

std::optional<Figure> error_figure_of_ablation(const Ablation& ablation) {
  Figure figure = worth_figure(ablation,
                               {{"distance from the teacher's end, rms per number", Scale::kLog, {}}, ablation.rms});
  figure.title = fmt::format("What the schedules are worth over {}", ablation.variation.name);
  figure.numbers = ablation_errors(ablation);
  return figure;
}

// By measure number m of the ends against data.
std::optional<Figure> measure_figure_of_ablation(const Ablation& ablation, int64_t m) {
  const SetMeasure& measure = ablation.against->measures()[static_cast<size_t>(m)];
  const Featured& data = ablation.against->data();
  const Scale scale = measure.logarithmic ? Scale::kLog : Scale::kLinear;
  Figure figure = worth_figure(ablation, {{measure.words, scale, {}}, ablation.measures.select(3, m)});
  figure.title = fmt::format("{} of the schedules over {}", measure.words, ablation.variation.name);
  figure.caption += fmt::format(" Against {}, in features '{}'.", data.text, ablation.against->contract().name);
  figure.data_file = "ablation.csv";
  return figure;
}

std::optional<Figure> seconds_figure(const Ablation& ablation) {
  const auto styles = series_styles(kPhaseNames);
  Panel panel{{"seconds", Scale::kLog, {}}, {}, {}, 240};
  std::vector<std::string> words;
  for (size_t k = 0; k < kPhaseNames.size(); ++k) {
    const auto of = [&](int64_t v) { return spread_of(ablation.seconds[v].select(1, static_cast<int64_t>(k))); };
    panel.series.push_back(series_over(ablation, kPhaseNames[k], styles[k], of));
    words.push_back(fmt::format("{} {}", kPhaseNames[k], format_seconds(panel.series.back().y.back())));
  }
  Figure figure;
  figure.title = fmt::format("What a search costs over {}", ablation.variation.name);
  figure.caption =
      "Wall time of one search by phase: the teacher's run, the costs of all jumps, the dynamic program of all lengths.";
  figure.charts = {{line_chart({value_axis(ablation), {panel}}), "At the largest value: " + join(words, ", ") + "."}};
  figure.numbers = ablation_seconds(ablation);
  return figure;
}

// Every figure of an ablation: a new one is a function above and a row here.
std::vector<FigureRow<Ablation>> ablation_figures(const Ablation& ablation) {
  std::vector<FigureRow<Ablation>> rows = {
      {"Schedules", error_figure_of_ablation, "ablation.csv", "errors of the student by value and evaluations"}};
  for (int64_t m = 0; m < ablation.measures.size(3); ++m)
    rows.push_back({"Schedules", [m](const Ablation& one) { return measure_figure_of_ablation(one, m); }});
  rows.push_back({"Searches", seconds_figure, "seconds.csv", "seconds of a search by value and phase"});
  return rows;
}

Facts ablation_settings(const AblationOptions& options, const RecordedModel& model, const RunCall& call) {
  const SearchOptions& search = options.search;
  return {
      {"model", model.text + " (SHA-256 " + model.sha256 + ")"},
      {"varied", options.vary},
      {"repeats and test seeds", fmt::format("{}, {}", options.repeats, options.test_seeds)},
      {"teacher", fmt::format("{} over {}", resolve_solver(search.teacher), search.grid.schedule)},
      {"student", resolve_solver(search.student_text())},
      {"metric and gamma", fmt::format("{}, {} ({})", search.metric, format_double(search.gamma), search.gamma_form)},
      {"device and precision", call.device + ", " + call.precision},
      {"program", version_line()}};
}

}  // namespace

Table ablation_errors(const Ablation& ablation) {
  Table table{.columns = {"vary", "value", "nfe", "repeats", "rms_mean", "rms_std"}, .rows = {}};
  const int64_t measures = ablation.measures.defined() ? ablation.measures.size(3) : 0;
  for (int64_t m = 0; m < measures; ++m) {
    const std::string& name = ablation.against->measures()[static_cast<size_t>(m)].name;
    table.columns.push_back(name + "_mean");
    table.columns.push_back(name + "_std");
  }
  for (size_t v = 0; v < ablation.variation.values.size(); ++v) {
    for (size_t e = 0; e < ablation.nfe.size(); ++e) {
      const auto row = static_cast<int64_t>(v), column = static_cast<int64_t>(e);
      const Spread spread = spread_of(ablation.rms[row][column]);
      std::vector<Cell> cells = {
          ablation.variation.name, ablation.variation.values[v], ablation.nfe[e], repeats_of(ablation), spread.mean,
          std_cell(spread)};
      for (int64_t m = 0; m < measures; ++m) {
        const Spread measured = spread_of(ablation.measures[row][column].select(1, m));
        cells.emplace_back(measured.mean);
        cells.push_back(std_cell(measured));
      }
      table.add(std::move(cells));
    }
  }
  return table;
}

Table ablation_seconds(const Ablation& ablation) {
  Table table{.columns = {"vary", "value", "phase", "repeats", "seconds_mean", "seconds_std"}, .rows = {}};
  for (size_t v = 0; v < ablation.variation.values.size(); ++v) {
    for (size_t k = 0; k < kPhaseNames.size(); ++k) {
      const Spread spread = spread_of(ablation.seconds[static_cast<int64_t>(v)].select(1, static_cast<int64_t>(k)));
      table.add({ablation.variation.name, ablation.variation.values[v], kPhaseNames[k], repeats_of(ablation),
                 spread.mean, std_cell(spread)});
    }
  }
  return table;
}

std::string ablation_answer(const Ablation& ablation) {
  const int64_t last = static_cast<int64_t>(ablation.variation.values.size()) - 1;
  const auto middle = static_cast<int64_t>(ablation.nfe.size()) / 2;
  const auto at = [&](int64_t v) {
    return fmt::format("{} at {} {}", said(spread_of(ablation.rms[v][middle])), ablation.variation.name,
                       format_double(ablation.variation.values[static_cast<size_t>(v)]));
  };
  const std::string nearest = fmt::format(
      "With {} evaluations the student ends {}{} from the teacher (root mean square per number{}).",
      ablation.nfe[static_cast<size_t>(middle)], at(0), last > 0 ? " and " + at(last) : "",
      repeats_of(ablation) > 1 ? fmt::format(", ± standard deviation over {} repeats", repeats_of(ablation)) : "");
  if (!ablation.against) return nearest;
  const auto measured = [&](int64_t v) { return said(spread_of(ablation.measures[v][middle].select(1, 0))); };
  return fmt::format("{} Its {} is {}{}.", nearest, ablation.against->measures().front().words, measured(0),
                     last > 0 ? " and " + measured(last) : "");
}

void save_ablation(const Ablation& ablation, const AblationOptions& options, const RecordedModel& model,
                   const RunCall& call, RunInfo info, RunFolder& folder) {
  std::map<std::string, Tensor> arrays = {{"values", torch::tensor(ablation.variation.values, torch::kFloat64)},
                                          {"nfe", torch::tensor(ablation.nfe, torch::kInt64)},
                                          {"rms", ablation.rms},
                                          {"levels", ablation.levels},
                                          {"seconds", ablation.seconds}};
  if (ablation.against) {
    arrays["measures"] = ablation.measures;
    info.add("features", contract_json(ablation.against->contract()));
  }
  write_npz(folder.path("ablation.npz"), arrays);
  Report report("farfield schedule ablate", "Schedule searches for " + model.text, ablation_answer(ablation),
                {call.command, {}, ablation_settings(options, model, call)});
  add_figures(report, ablation_figures(ablation), ablation, folder);
  report.file("ablation.npz", "errors, schedules and seconds of every repeat");
  report.write(folder.path("report.html"));
  folder.commit(std::move(info));
}

}  // namespace farfield
