#include "analysis/smoothing/smoothing_figures.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include <fmt/format.h>

#include "analysis/page/charts.h"
#include "analysis/page/format.h"
#include "analysis/smoothing/smoothing_table.h"
#include "analysis/stats/ratio_cell.h"

namespace farfield {
namespace {

constexpr int kCurvePoints = 120;
constexpr int64_t kShownPoints = 400;

using Curve1d = std::function<double(double)>;

Series sampled(const std::string& label, const SeriesStyle& style, double low, double high, const Curve1d& f) {
  Series series{label, style, {}, {}, {}, {}};
  for (int i = 0; i <= kCurvePoints; ++i) {
    const double x = low + (high - low) * i / kCurvePoints;
    series.x.push_back(x), series.y.push_back(f(x));
  }
  return series;
}

Table table_of(const std::string& axis, const std::vector<Series>& series) {
  Table table{.columns = {axis}, .rows = {}};
  for (const Series& one : series) table.columns.push_back(one.label);
  for (size_t i = 0; i < series[0].x.size(); ++i) {
    std::vector<Cell> row = {series[0].x[i]};
    for (const Series& one : series) row.push_back(ratio_cell(one.y[i]));
    table.add(std::move(row));
  }
  return table;
}

// The processes that took steps, by name: those of the closed form's side and, where there is one, the learned one.
std::vector<std::string> stepped(const SmoothingRun& run) {
  std::vector<std::string> names;
  for (const SmoothingProcess& process : run.processes) {
    if (process.name != "flow") names.push_back(process.name);
  }
  return names;
}

std::string look_of_process(const std::string& name) {
  if (name == "learned") return "network";
  return name == "direction" || name == "drawn" ? "smoothed" : name;
}

const SmoothingProcess& process_named(const SmoothingRun& run, std::string_view name) {
  return *std::find_if(run.processes.begin(), run.processes.end(),
                       [&](const SmoothingProcess& process) { return process.name == name; });
}

// Shares of the bins over their width: a density.
Series histogram_series(const std::string& label, const SeriesStyle& style, const torch::Tensor& first,
                        const std::vector<double>& bins) {
  const double width = bins[1] - bins[0];
  Series series{label, style, {}, {}, {}, {}};
  const torch::Tensor counts = torch::histc(first, static_cast<int64_t>(bins.size()) - 1, bins.front(), bins.back());
  for (size_t i = 0; i + 1 < bins.size(); ++i) {
    series.x.push_back((bins[i] + bins[i + 1]) / 2);
    series.y.push_back(counts[static_cast<int64_t>(i)].item<double>() / static_cast<double>(first.size(0)) / width);
  }
  return series;
}

}  // namespace

std::optional<Figure> score_figure(const SmoothingRun& run) {
  const SmoothingOptions& options = run.options;
  const EvenPoints line = options.line();
  const double t = options.start_time, tau = line.smoothing_at(t, options.kappa), reach = 1.25 * options.extent;
  const auto styles = series_styles({"empirical", "smoothed", "piecewise"});
  const std::vector<Series> series = {
      sampled("empirical", styles[0], -reach, reach, [&](double x) { return line.score(x, t); }),
      sampled("smoothed", styles[1], -reach, reach, [&](double x) { return line.smoothed_score(x, t, tau); }),
      sampled("piecewise", styles[2], -reach, reach,
              [&](double x) { return line.piecewise_smoothed_score(x, t, tau); })};
  Figure figure;
  figure.title = fmt::format("At t = {} the score is averaged over ±{} of {}, the half gap", format_digits(t, 3),
                             format_digits(tau, 3), format_digits(line.half_gap(), 3));
  figure.caption =
      "Scores along the line of the points: of the data as they are, averaged over [x − τ, x + τ] with τ = Δ − √(κt), and the "
      "piecewise linear one, which is averaged in closed form (004, eq. 7, 9, 15; Fig 1 and 2).";
  figure.charts = {{line_chart({{"x", Scale::kLinear, {}}, {{{"score", Scale::kLinear, {}}, series, {}, 260}}}),
                    "Three scores over x. The smoothed ones cross the midpoints with a smaller slope."}};
  figure.numbers = table_of("x", series);
  return figure;
}

std::optional<Figure> scatter_figure(const SmoothingRun& run) {
  if (run.options.dimension != 2) return std::nullopt;
  Figure figure;
  const SmoothingProcess &empirical = process_named(run, "empirical"), &smoothed = process_named(run, "smoothed");
  figure.title = fmt::format("Under the empirical score {} of the ends lie on a point, under the smoothed one {}",
                             format_digits(empirical.on_points, 3), format_digits(smoothed.on_points, 3));
  figure.caption = fmt::format(
      "The first {} starts, and their places at t = {} and at the end. All scores bring them to the line; only the empirical one "
      "takes them on to the points (004, Fig 3).{}",
      std::min(kShownPoints, run.options.starts), format_digits(run.times[1], 3),
      run.options.learned_steps == 0
          ? ""
          : fmt::format(
                " The learned score is that of a perceptron with two hidden layers of {} units, after {} steps (A.7).",
                run.options.hidden, run.options.learned_steps));
  const auto styles = series_styles({"start", "half way", "end"});
  for (const std::string& name : stepped(run)) {
    const torch::Tensor shown = process_named(run, name).snapshots.narrow(1, 0,
                                                                          std::min(kShownPoints, run.options.starts));
    std::vector<PointCloud> clouds;
    for (int64_t i = 0; i < 3; ++i) {
      const torch::Tensor columns = shown[i].t().contiguous();
      const double* values = columns.const_data_ptr<double>();
      const auto count = static_cast<size_t>(columns.size(1));
      clouds.push_back({i == 0   ? "start"
                        : i == 1 ? "half way"
                                 : "end",
                        styles[static_cast<size_t>(i)],
                        {values, values + count},
                        {values + count, values + 2 * count}});
    }
    figure.charts.push_back({scatter_chart(clouds, "first coordinate, " + name, "second coordinate"),
                             "Scatter plot of three snapshots under the " + name + " score."});
  }
  return figure;
}

std::optional<Figure> density_figure(const SmoothingRun& run) {
  const SmoothingOptions& options = run.options;
  const EvenPoints line = options.line();
  std::vector<std::string> looks = {"start", "closed"};
  for (const std::string& name : stepped(run)) looks.push_back(look_of_process(name));
  const auto styles = series_styles(looks);
  const double reach = run.bins.back();
  std::vector<Series> series = {sampled("p at t0", styles[0], -reach, reach,
                                        [&](double x) { return std::exp(line.log_density(x, options.start_time)); }),
                                sampled("closed form between points", styles[1], -reach, reach, [&](double x) {
    return line.end_density(x, options.start_time, options.kappa);
  })};
  Panel ends{{"density of the ends", Scale::kLog, {}}, {}, {}, 200};
  size_t style = 2;
  for (const std::string& name : stepped(run)) {
    ends.series.push_back(
        histogram_series(name, styles[style++], process_named(run, name).snapshots[2].select(1, 0), run.bins));
  }
  Figure figure;
  figure.numbers = table_of("x", ends.series);
  const double half_a_start = 0.5 / (static_cast<double>(options.starts) * (run.bins[1] - run.bins[0]));
  for (Series& one : ends.series) {
    for (double& density : one.y) density = std::max(density, half_a_start);
  }
  double on_points = 0;
  for (const double weight : line.end_weights(options.start_time, options.kappa)) on_points += weight;
  figure.title = fmt::format("{} of the mass ends on the points, {} between them", format_digits(on_points, 3),
                             format_digits(1 - on_points, 3));
  figure.caption = fmt::format(
      "Above: the density at t0, and what the closed form of the flow leaves between the points (004, eq. 13). Below: histograms of the "
      "first coordinate of {} ends in {} bins, an empty one drawn as half a start; the distance of each from the closed form is in "
      "processes.csv.",
      options.starts, run.bins.size() - 1);
  figure.charts = {{line_chart({{"x", Scale::kLinear, {}}, {{{"density", Scale::kLinear, {}}, series, {}, 180}, ends}}),
                    "Densities of the first coordinate: at the start, in closed form, and histograms of the ends."}};
  figure.data_file = "densities.csv";
  return figure;
}

std::optional<Figure> process_figure(const SmoothingRun& run) {
  Figure figure;
  const SmoothingProcess& piecewise = process_named(run, "piecewise");
  figure.title = fmt::format("Euler in √t follows the piecewise score's flow map to {}",
                             format_digits(piecewise.to_flow, 2));
  figure.caption =
      "Of the ends: variance across the line, mean distance to the nearest point, share within 0.01 of one, root mean square distance "
      "to the flow map, total variation distance of the histogram from the closed form, and the divergence of the uniform density from "
      "the histogram (empty where a bin is). Paths of the piecewise score are straight in (√t, x), so that Euler's method is exact "
      "for any step.";
  figure.data_file = "processes.csv";
  figure.numbers = smoothing_table(run);
  return figure;
}

std::optional<Figure> decay_figure(const SmoothingRun& run) {
  if (!run.decay) return std::nullopt;
  const WeightDecay& decay = *run.decay;
  const EvenPoints line({-1, 1});
  LineChart chart{{"x", Scale::kLinear, {}}, {}};
  std::vector<Series> all;
  std::string found, picked;
  for (const DecayedScore& one : decay.scores) {
    const auto styles = series_styles({"network", "piecewise"});
    const std::string lambda = "λ = " + format_digits(one.weight_decay, 3), tau = format_digits(one.smoothing, 3);
    Series smoothed{"τ = " + tau, styles[1], decay.x, {}, {}, {}};
    for (const double x : decay.x) smoothed.y.push_back(line.piecewise_smoothed_score(x, decay.time, one.smoothing));
    const Series learned{"learned, " + lambda, styles[0], decay.x, one.score, {}, {}};
    chart.panels.push_back({{"score", Scale::kLinear, {}}, {learned, smoothed}, {}, 150});
    all.push_back(learned), all.push_back(smoothed);
    found += (found.empty() ? "" : ", ") + tau;
    picked += (picked.empty() ? "" : ", ") + format_digits(one.picked, 3);
  }
  Figure figure;
  figure.title = fmt::format("Learned with weight decay a score looks smoothed over {} (004 picked {})", found, picked);
  figure.caption = fmt::format(
      "Scores of two points at ±1 at t = {}, learned by a perceptron with two hidden layers of {} ReLU units (Adam 0.001, {} steps of "
      "1024; 004, Fig 1 centre) with λ added to the gradient times the parameters, and the piecewise linear score smoothed over the "
      "τ that is nearest in least squares on [−1, 1]. The document gives neither width nor activation and picked its τ by eye.",
      format_digits(decay.time, 2), run.options.hidden, run.options.decay_steps);
  figure.charts = {
      {line_chart(chart), "Learned scores over x, each with the smoothed piecewise linear score nearest to it."}};
  figure.numbers = table_of("x", all);
  return figure;
}

std::optional<Figure> divergence_figure(const SmoothingRun& run) {
  const SmoothingOptions& options = run.options;
  const EvenPoints line = options.line();
  const auto styles = series_styles({"exact", "bound", "printed"});
  std::vector<Series> series = {{"divergence", styles[0], {}, {}, {}, {}}};
  const bool bounded = options.points == 2 && options.extent == 1;
  if (bounded) {
    series.push_back({"bound", styles[1], {}, {}, {}, {}});
    series.push_back({"printed bound", styles[2], {}, {}, {}, {}});
  }
  const double most = line.half_gap() * line.half_gap() / options.kappa;
  for (int i = 0; i <= 40; ++i) {
    const double t = most * std::pow(10, -3 + 2.95 * i / 40);
    for (Series& one : series) one.x.push_back(t);
    series[0].y.push_back(line.uniform_divergence(t, options.kappa));
    if (!bounded) continue;
    series[1].y.push_back(divergence_bound(t, options.kappa));
    series[2].y.push_back(printed_divergence_bound(t, options.kappa));
  }
  Figure figure;
  figure.title = fmt::format("The uniform density is {} nats from what is left between the points at t0 = {}",
                             format_digits(line.uniform_divergence(options.start_time, options.kappa), 4),
                             format_digits(options.start_time, 3));
  figure.caption =
      "KL(u ‖ density part of the end), not renormalised, over the time that the flow starts from (004, Lemma 4)." +
      std::string(bounded ? " The bounds are Corollary 5's as printed, and a tighter one." : "");
  figure.charts = {{line_chart({{"t0", Scale::kLog, {}}, {{{"KL, nats", Scale::kLog, {}}, series, {}, 220}}}),
                    "Divergence over the starting time."}};
  figure.numbers = table_of("t0", series);
  return figure;
}

std::optional<Figure> loss_figure(const SmoothingRun& run) {
  const SmoothingOptions& options = run.options;
  const EvenPoints line = options.line();
  const auto styles = series_styles({"loss", "limit"});
  const double limit = loss_limit(options.kappa) * static_cast<double>(options.points - 1) /
                       static_cast<double>(options.points);
  std::vector<Series> series = {{"loss", styles[0], {}, {}, {}, {}}, {"limit", styles[1], {}, {}, {}, {}}};
  const double most = line.half_gap() * line.half_gap() / options.kappa;
  for (int i = 0; i <= 20; ++i) {
    const double t = most * std::pow(10, -5 + 4.9 * i / 20);
    series[0].x.push_back(t), series[0].y.push_back(line.discrepancy(t, options.kappa));
    series[1].x.push_back(t), series[1].y.push_back(limit);
  }
  Figure figure;
  figure.title = fmt::format("As t falls the loss of smoothing tends to {}: a bounded price at every noise level",
                             format_digits(limit, 4));
  figure.caption =
      "t E|smoothed piecewise score − empirical score|² by quadrature, and its limit ((n − 1)/n) F(κ) (004, Prop. 2; the appendix "
      "prints κ for √κ as the lower limit of F's integral).";
  figure.charts = {{line_chart({{"t", Scale::kLog, {}}, {{{"loss", Scale::kLinear, {}}, series, {}, 200}}}),
                    "The loss over t, with its limit."}};
  figure.data_file = "losses.csv";
  figure.numbers = table_of("t", series);
  return figure;
}

}  // namespace farfield
