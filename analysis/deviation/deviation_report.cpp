#include "analysis/deviation/deviation_report.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "analysis/page/charts.h"
#include "analysis/page/format.h"
#include "core/text.h"

namespace farfield {
namespace {

constexpr double kNoiseEnd = 10, kNonlinearEnd = 3;  // the regions of 000, observation 4

SeriesStyle own_style(const DeviationView& view) { return series_style(view.run.inputs.subject.model->info().kind); }

// A second line of the same kind looks apart.
SeriesStyle star_style(const DeviationView& view) {
  const std::string &own = view.run.inputs.subject.model->info().kind,
                    &star = view.run.inputs.subject.optimal->info().kind;
  return series_styles({own, star})[1];
}

Series line(const DeviationView& view, const std::string& label, const SeriesStyle& style, const std::string& name) {
  return curve_series(label, style, view.run.levels, view.summary.curves.at(name));
}

Curve without_interval(const std::vector<double>& values) {
  return {values, values, values, values, std::vector<int64_t>(values.size(), 1)};
}

Panel panel(const std::string& title, Scale scale, std::vector<Series> series, std::vector<double> guides = {}) {
  return {{title, scale, {}}, std::move(series), std::move(guides), 200};
}

std::string percent(double part) {
  return part == 1 ? "100 %" : part > 0.999 ? "more than 99.9 %" : fmt::format("{} %", format_digits(100 * part, 3));
}

std::string sampled(const DeviationView& view) {
  const DeviationRun& run = view.run;
  return fmt::format("Means over {} trajectories, {} over {} levels; bands are 95 % bootstrap intervals.",
                     run.request.sampling.seeds.size(), run.request.solver, run.levels.size());
}

// The numbers of some measures as a table of the page.
Table numbers(const DeviationView& view, const std::vector<std::pair<std::string, std::string>>& measures) {
  Table table{.columns = {"σ"}, .rows = {}};
  for (const auto& [name, title] : measures) table.columns.push_back(title);
  for (size_t level = 0; level < view.run.levels.size(); ++level) {
    std::vector<Cell> row = {format_sigma(view.run.levels[level])};
    for (const auto& [name, title] : measures) {
      const Curve& curve = view.summary.curves.at(name);
      row.push_back(std::isfinite(curve.mean[level])
                        ? Cell(format_measured(curve.mean[level], curve.low[level], curve.high[level]))
                        : Cell());
    }
    table.add(std::move(row));
  }
  return table;
}

// What observation 4 says, held against this model.
std::string observation(const DeviationView& view) {
  const AtLevel &d1 = view.summary.d1, &star = view.summary.d1_star;
  const bool negligible = view.summary.negligible && *view.summary.negligible <= kNoiseEnd;
  const bool hump = star.sigma < kNoiseEnd && star.sigma > kNonlinearEnd;
  const bool rises = d1.sigma == view.run.levels[view.run.levels.size() - 2];
  return fmt::format(
      "000 (observation 4) saw it negligible from 80 to about 10 ({}), along the optimal trajectory rising to about 3 and "
      "falling below ({}), and along the model's own rising to the end ({}).",
      negligible                ? "so here"
      : view.summary.negligible ? fmt::format("here down to {} only", format_sigma(*view.summary.negligible))
                                : std::string("not so here"),
      hump ? "so here" : fmt::format("here it is largest at {}", format_sigma(star.sigma)),
      rises ? "so here" : fmt::format("here it is largest at {}", format_sigma(d1.sigma)));
}

std::optional<Figure> deviation_figure(const DeviationView& view) {
  const AtLevel& d1 = view.summary.d1;
  Figure figure;
  figure.title = d1.value > 0
                     ? fmt::format("{} deviates from {} most at σ = {}: its D is {} apart on average", view.model,
                                   view.optimal, format_sigma(d1.sigma), format_digits(d1.value, 3))
                     : fmt::format("{} and {} are the same denoiser", view.model, view.optimal);
  figure.caption = fmt::format(
      "Distance of the model's D from D* at the same point, above; of the scores, that over σ², below. {} {}",
      observation(view), sampled(view));
  figure.data_file = "deviation.csv";
  figure.numbers = numbers(view, {{"d1", "‖D*(x) − D(x)‖"},
                                  {"d1_star", "‖D*(x*) − D(x*)‖"},
                                  {"score", "‖D*(x) − D(x)‖ / σ²"},
                                  {"score_star", "‖D*(x*) − D(x*)‖ / σ²"}});
  const auto lines = [&](const std::string& own, const std::string& star) -> std::vector<Series> {
    return {line(view, "along the model's x", own_style(view), own),
            line(view, "along the optimal x*", star_style(view), star)};
  };
  figure.charts = {
      {line_chart({sigma_axis(view.run.levels),
                   {panel("deviation of D", Scale::kLinear, lines("d1", "d1_star")),
                    panel("deviation of the score", Scale::kLog, lines("score", "score_star"))}}),
       fmt::format("Deviation from the exact denoiser over the noise level, largest {} at {} along the "
                   "model's trajectory and {} at {} along the optimal one.",
                   format_digits(d1.value, 3), format_sigma(d1.sigma), format_digits(view.summary.d1_star.value, 3),
                   format_sigma(view.summary.d1_star.sigma))}};
  return figure;
}

std::optional<Figure> ratio_figure(const DeviationView& view) {
  const AtLevel& largest = view.summary.ratio;
  if (!std::isfinite(largest.value)) return std::nullopt;
  const auto styles = series_styles({"mean", "quantile", "largest"});
  Figure figure;
  figure.title = view.summary.above_one > 0
                     ? fmt::format("The deviation exceeds the step to D* in {} of all points: d₁/d₂ is up to {}",
                                   percent(view.summary.above_one), format_digits(largest.value, 4))
                     : fmt::format(
                           "The deviation stays below the step to D* everywhere: d₁/d₂ is at most {}, at σ = {}",
                           format_digits(largest.value, 3), format_sigma(largest.sigma));
  figure.caption = fmt::format(
      "d₁ = ‖D*(x) − D(x)‖ over d₂ = ‖D*(x) − x‖ along the model's trajectories: mean, 95 % quantile and largest. "
      "001 (assumption A.13, figure 10) asks for at most 1, the thin line, and found it for 50,000 trajectories on CIFAR-10. {}",
      sampled(view));
  figure.data_file = "deviation.csv";
  figure.numbers = numbers(view, {{"d1", "d₁"}, {"d2", "d₂"}, {"ratio", "d₁/d₂"}});
  figure.charts = {
      {line_chart(
           {sigma_axis(view.run.levels),
            {panel("d₁/d₂", Scale::kLinear,
                   {line(view, "mean", styles[0], "ratio"),
                    curve_series("95 % quantile", styles[1], view.run.levels, without_interval(view.summary.ratio_q95)),
                    curve_series("largest", styles[2], view.run.levels, without_interval(view.summary.ratio_max))},
                   {1})}}),
       fmt::format("Ratio of the deviation to the step over the noise level; the largest is {} at {}.",
                   format_digits(largest.value, 3), format_sigma(largest.sigma))}};
  return figure;
}

std::optional<Figure> difference_figure(const DeviationView& view) {
  const Curve& states = view.summary.curves.at("difference");
  Figure figure;
  figure.title = fmt::format("From the same start the two trajectories end {} apart",
                             format_measured(states.mean.back(), states.low.back(), states.high.back()));
  figure.caption = fmt::format(
      "Distance of the optimal trajectory x* from the model's x, and of D*(x*) from D(x). The end, at σ = {}, is in the "
      "table. {}",
      format_sigma(view.run.levels.back()), sampled(view));
  figure.data_file = "deviation.csv";
  figure.numbers = numbers(view, {{"difference", "‖x* − x‖"}, {"d_difference", "‖D*(x*) − D(x)‖"}});
  const auto styles = series_styles({"states", "denoised"});
  figure.charts = {{line_chart({sigma_axis(view.run.levels),
                                {panel("distance", Scale::kLinear,
                                       {line(view, "x* from x", styles[0], "difference"),
                                        line(view, "D*(x*) from D(x)", styles[1], "d_difference")})}}),
                    fmt::format("Distance between the two trajectories over the noise level; {} at their ends.",
                                format_digits(states.mean.back(), 3))}};
  return figure;
}

// What Proposition A.14 says for this bandwidth.
std::string theorem(const DeviationView& view) {
  const Bandwidth& bandwidth = view.run.request.bandwidth.value();
  if (!bandwidth.is_sigma()) {
    return fmt::format(
        "The bandwidth is {}: 001 (proposition A.14) claims the ranking for any bandwidth, but its proof needs D* to be the "
        "mean shift of the same one, h = σ; for others it can be false.",
        bandwidth.text());
  }
  return fmt::format(
      "h = σ, the bandwidth for which D* is the mean shift: wherever d₁ < d₂ the likelihood of D(x) must be the higher, and "
      "{}.",
      view.summary.broken == 0 ? "it is in every case"
                               : fmt::format("it is not in {} cases, which is a fault", view.summary.broken));
}

std::optional<Figure> ranking_figure(const DeviationView& view) {
  if (view.summary.ranking.empty()) return std::nullopt;
  const auto& ranking = view.summary.ranking;
  const std::vector<std::pair<std::string, std::string>> gains = {
      {"gain_denoised", "D(x)"}, {"gain_next", "the next state"}, {"gain_optimal", "D*(x)"}};
  const auto styles = series_styles({"denoised", "next", "optimal"});
  Figure figure;
  figure.title = fmt::format("D(x) is at least as likely as x in {} of all points, the next state in {}, D*(x) in {}",
                             percent(ranking.at("gain_denoised").fraction), percent(ranking.at("gain_next").fraction),
                             percent(ranking.at("gain_optimal").fraction));
  figure.caption = fmt::format(
      "Gains of the log-likelihood over that of x under the kernel density of the data, above (a mean below 0 is not drawn); "
      "below the part of the trajectories in which they are not negative. {} {}",
      theorem(view), sampled(view));
  figure.data_file = "deviation.csv";
  figure.numbers = numbers(view, {{"gain_denoised", "D(x)"}, {"gain_next", "next x"}, {"gain_optimal", "D*(x)"}});
  std::vector<Series> values, parts;
  for (size_t i = 0; i < gains.size(); ++i) {
    values.push_back(line(view, gains[i].second, styles[i], gains[i].first));
    parts.push_back(curve_series(gains[i].second, styles[i], view.run.levels,
                                 without_interval(view.summary.fractions.at(gains[i].first))));
  }
  Panel fractions = panel("part of gains ≥ 0", Scale::kLinear, std::move(parts));
  fractions.y.range = {0, 1.02};
  fractions.height = 120;
  figure.charts = {{line_chart({sigma_axis(view.run.levels),
                                {panel("gain of log p, nats", Scale::kLog, std::move(values)), fractions}}),
                    "Gains of the log-likelihood over the noise level, and how often they are not negative."}};
  return figure;
}

std::optional<Figure> effective_figure(const DeviationView& view) {
  const Curve& curve = view.summary.curves.at("effective");
  if (curve.count.front() == 0) return std::nullopt;
  // From the end: the levels at which one data point holds nearly all of the weight.
  size_t single = view.run.levels.size() - 1;
  while (single > 0 && curve.mean[single - 1] < 1.5) --single;
  const auto samples = static_cast<double>(view.run.inputs.subject.data->info().count);
  Figure figure;
  figure.title = fmt::format("The exact denoiser averages {} data points at σ = {}, and {}",
                             format_digits(curve.mean.front(), 3), format_sigma(view.run.levels.front()),
                             single + 1 < view.run.levels.size()
                                 ? "a single one from σ = " + format_sigma(view.run.levels[single]) + " down"
                                 : fmt::format("{} at the last level", format_digits(curve.mean[single - 1], 3)));
  figure.caption = fmt::format(
      "Effective number of data: the exponential of the entropy of the weights that D* gives the data points at x. All "
      "alike, and D* linear, at high noise; one point, and linear again, at low noise; nonlinear between (001, section "
      "4.2). Thin lines at 1 and at the {} samples{}. {}",
      view.run.inputs.subject.data->info().count,
      view.run.inputs.subject.optimal->info().label_dim > 0 ? "; every trajectory knows those of its class only" : "",
      sampled(view));
  figure.data_file = "deviation.csv";
  figure.numbers = numbers(view, {{"effective", "effective number of data"}});
  figure.charts = {{line_chart({sigma_axis(view.run.levels),
                                {panel("effective number of data", Scale::kLog,
                                       {line(view, "at the model's x", own_style(view), "effective")}, {1, samples})}}),
                    fmt::format("Effective number of data over the noise level, from {} at the first level.",
                                format_digits(curve.mean.front(), 3))}};
  return figure;
}

}  // namespace

DeviationView view_of(const DeviationRun& run, const DeviationSummary& summary) {
  const bool exact = run.inputs.optimal_text == kDefaultOptimum;
  return {run, summary, run.inputs.subject.model->info().name,
          exact ? "the exact denoiser of its data" : run.inputs.optimal_text};
}

std::string headline_of(const DeviationView& view) {
  const DeviationSummary& summary = view.summary;
  const std::string where = summary.negligible ? fmt::format("agrees with {} to 0.5 % of the step down to σ = {}",
                                                             view.optimal, format_sigma(*summary.negligible))
                                               : fmt::format("deviates from {} at every noise level", view.optimal);
  return fmt::format(
      "{} {}, and is farthest from it at σ = {}, by {}. Its samples end {} from the nearest data point on average, those of "
      "D* {} ({} copies of data).",
      view.model, where, format_sigma(summary.d1.sigma), format_digits(summary.d1.value, 3),
      format_digits(summary.nearest.distance.mean, 3), format_digits(summary.nearest_star.distance.mean, 3),
      percent(summary.nearest_star.copies));
}

const std::vector<FigureRow<DeviationView>>& deviation_figures() {
  static const std::string kDeviation = "Deviation from the exact denoiser", kLikelihood = "Likelihood and memory",
                           kNearest = "Nearest data";
  static const std::vector<FigureRow<DeviationView>> rows = {
      {kDeviation, deviation_figure, "", "",
       "Two trajectories begin at the same place: x follows the model's D, x* the exact denoiser D*. Each is asked along "
       "both."},
      {kDeviation, ratio_figure},
      {kDeviation, difference_figure},
      {kLikelihood, ranking_figure},
      {kLikelihood, effective_figure},
      {kNearest, nearest_figure, "nearest.csv", "how many of the ends are nearer to a data point than a distance"},
      {kNearest, model_neighbours_figure},
      {"Images along the trajectories", strips_figure},
  };
  return rows;
}

}  // namespace farfield
