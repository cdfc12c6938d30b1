#include "analysis/sweep/sweep_figures.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "analysis/page/charts.h"
#include "analysis/page/format.h"
#include "analysis/page/matrix_chart.h"
#include "analysis/page/ordinal_styles.h"
#include "core/text.h"

namespace farfield {
namespace {

constexpr double kTradeOffSigma = 0.1;  // the document's
constexpr int kLevelLines = 4;
constexpr double kTurn = 1.05;  // what the largest K leaves over what the best one does, to speak of a turn

size_t full_place(const SweepRun& run) { return run.options.ranks.size(); }

double left_over(const SweepView& view, size_t mixture, size_t rank, size_t level) {
  return view.summary.at(view.run, mixture, rank, level).residual.value;
}

std::string sigma_word(const SweepRun& run, size_t level) { return "σ = " + format_sigma(run.options.sigmas[level]); }

std::vector<std::string> rank_names(const SweepRun& run) {
  std::vector<std::string> names;
  for (size_t q = 0; q <= full_place(run); ++q) names.push_back("rank " + swept_rank_word(run, q));
  return names;
}

std::vector<std::string> mixture_names(const SweepRun& run) {
  std::vector<std::string> names;
  for (const SweptMixture& mixture : run.mixtures) names.push_back(fmt::format("K = {}", mixture.components));
  return names;
}

std::vector<Series> empty_series(const std::vector<std::string>& names) {
  const std::vector<SeriesStyle> styles = ordinal_styles(names.size());
  std::vector<Series> series;
  for (size_t i = 0; i < names.size(); ++i) series.push_back({names[i], styles[i], {}, {}, {}, {}});
  return series;
}

// A logarithmic axis from one number to another.
std::optional<std::pair<double, double>> span(int64_t from, int64_t to) {
  if (from >= to) return std::nullopt;
  return std::pair{static_cast<double>(from) / 1.02, static_cast<double>(to) * 1.02};
}

void add_point(Series& series, double x, const SweptNumber& number) {
  series.x.push_back(x);
  series.y.push_back(number.value);
  series.low.push_back(number.low);
  series.high.push_back(number.high);
}

std::string how_measured(const SweepRun& run) {
  return fmt::format(
      "Σ‖s_model − s_K,r‖² / Σ‖s_model‖² over {} noised samples a level. Mixtures are k-means clusters of the data with their "
      "mean, covariance and share, cut to the r leading eigenvectors and nothing outside them.",
      run.options.probes);
}

Table reading_table(const SweepView& view) {
  Table table{.columns = {"σ", "K", "rank", "left over", "95 % interval", "mean of ratios"}, .rows = {}};
  for (const SweepRow& row : view.summary.rows) {
    const SweptNumber& left = row.residual;
    table.add(
        {format_sigma(view.run.options.sigmas[static_cast<size_t>(row.level)]),
         std::to_string(view.run.mixtures[static_cast<size_t>(row.mixture)].components),
         swept_rank_word(view.run, static_cast<size_t>(row.rank)), format_measured(left.value, left.low, left.high),
         format_measured(left.low, left.low, left.high) + " to " + format_measured(left.high, left.low, left.high),
         format_digits(row.per_sample, 3)});
  }
  return table;
}

// The levels where more components than the best number explain less, by a twentieth at least.
std::string u_shape_words(const SweepView& view) {
  std::vector<std::string> turns;
  for (size_t level = 0; level < view.run.options.sigmas.size(); ++level) {
    size_t best = 0;
    for (size_t k = 1; k < view.run.mixtures.size(); ++k) {
      if (left_over(view, k, full_place(view.run), level) < left_over(view, best, full_place(view.run), level))
        best = k;
    }
    const double last = left_over(view, view.run.mixtures.size() - 1, full_place(view.run), level);
    if (last > kTurn * left_over(view, best, full_place(view.run), level))
      turns.push_back(fmt::format("{} at {}", view.run.mixtures[best].components, sigma_word(view.run, level)));
  }
  return turns.empty()
             ? "More components never explain less here."
             : "At full rank most is explained by K = " + join(turns, ", ") + ": beyond it more explain less.";
}

std::string exact_words(const SweepView& view) {
  std::vector<std::string> words;
  for (const SweepRow& row : view.summary.exact) {
    words.push_back(format_digits(row.residual.value, 2) + " at " +
                    sigma_word(view.run, static_cast<size_t>(row.level)));
  }
  return "K = N, the data themselves, leaves " + join(words, ", ") + ".";
}

}  // namespace

std::optional<Figure> over_components_figure(const SweepView& view) {
  const SweepRun& run = view.run;
  if (run.mixtures.size() < 2) return std::nullopt;
  LineChart chart;
  chart.x = {"components K", Scale::kLog, span(run.mixtures.front().components, run.mixtures.back().components)};
  for (size_t level = 0; level < run.options.sigmas.size(); ++level) {
    Panel panel{{"left over at " + sigma_word(run, level), Scale::kLog, {}}, empty_series(rank_names(run)), {}, 120};
    for (size_t q = 0; q <= full_place(run); ++q) {
      for (size_t k = 0; k < run.mixtures.size(); ++k) {
        add_point(panel.series[q], static_cast<double>(run.mixtures[k].components),
                  view.summary.at(run, k, q, level).residual);
      }
    }
    chart.panels.push_back(std::move(panel));
  }
  Figure figure;
  figure.title = u_shape_words(view);
  figure.caption = how_measured(run) + " Bands are 95 % bootstrap intervals over probes. " + exact_words(view) +
                   " 002 finds the turn at K of 200 to 500 on MNIST and at 100 on CIFAR-10, at low noise.";
  figure.charts = {{line_chart(chart),
                    "What mixtures leave of the score over their number of components, a line a rank, a "
                    "panel a noise level. " +
                        figure.title}};
  figure.data_file = "sweep.csv";
  figure.numbers = reading_table(view);
  return figure;
}

std::optional<Figure> over_ranks_figure(const SweepView& view) {
  const SweepRun& run = view.run;
  LineChart chart;
  int64_t largest = 1;
  for (const SweptMixture& mixture : run.mixtures) largest = std::max(largest, mixture.largest_rank);
  chart.x = {"rank r", Scale::kLog, span(std::min(run.options.ranks.front(), largest), largest)};
  for (size_t level = 0; level < run.options.sigmas.size(); ++level) {
    Panel panel{{"left over at " + sigma_word(run, level), Scale::kLog, {}}, empty_series(mixture_names(run)), {}, 120};
    for (size_t k = 0; k < run.mixtures.size(); ++k) {
      for (size_t q = 0; q <= full_place(run); ++q) {
        const int64_t rank = swept_rank(run, k, q);
        if (q < full_place(run) && rank >= run.mixtures[k].largest_rank) continue;  // the same as the full one
        add_point(panel.series[k], static_cast<double>(rank), view.summary.at(run, k, q, level).residual);
      }
    }
    chart.panels.push_back(std::move(panel));
  }
  const size_t last = run.options.sigmas.size() - 1;
  Figure figure;
  const auto minimal = [&](size_t level) { return view.summary.minimal[level].rank; };
  figure.title = fmt::format(
      "K = {} needs rank {} at {} and rank {} at {}: the lower the noise, the more directions count",
      run.mixtures[0].components, minimal(last), sigma_word(run, last), minimal(0), sigma_word(run, 0));
  if (minimal(last) >= minimal(0)) figure.title = "What the rank is worth at every noise level";
  figure.caption =
      how_measured(run) +
      " The last point of a line is the full rank: of a mixture that of its largest cluster. Numbers as above.";
  figure.charts = {
      {line_chart(chart),
       "What mixtures leave of the score over their rank, a line a number of components, a panel a noise level."}};
  figure.data_file = "sweep.csv";
  return figure;
}

std::optional<Figure> gain_figure(const SweepView& view) {
  const SweepRun& run = view.run;
  if (view.summary.gains.empty()) return std::nullopt;
  std::vector<std::string> names = mixture_names(run);
  names.erase(names.begin());
  Panel gained{{"gain, ρ(1) − ρ(K)", Scale::kLog, {}}, empty_series(names), {}, 200};
  Panel lost{{"loss, ρ(K) − ρ(1)", Scale::kLog, {}}, empty_series(names), {}, 110};
  const SweepGain* largest = &view.summary.gains.front();
  int64_t losses = 0;
  for (const SweepGain& row : view.summary.gains) {
    const double sigma = run.options.sigmas[static_cast<size_t>(row.level)];
    add_point(gained.series[static_cast<size_t>(row.mixture - 1)], sigma, row.gain);
    add_point(lost.series[static_cast<size_t>(row.mixture - 1)], sigma,
              {-row.gain.value, -row.gain.high, -row.gain.low});
    if (row.gain.value > largest->gain.value) largest = &row;
    losses += row.gain.value < 0;
  }
  Figure figure;
  figure.title = fmt::format("Components beyond the first explain up to {} % more of the score: {} at {}",
                             format_digits(100 * largest->gain.value, 2),
                             names[static_cast<size_t>(largest->mixture - 1)],
                             sigma_word(run, static_cast<size_t>(largest->level)));
  figure.caption = fmt::format(
      "What K Gaussians of full rank explain beyond one, over the noise level (002, figure 10 A, where it rises from 1e-8 to "
      "1e-2 as the noise falls); below it where they explain less ({} of {} pairs). Bands are paired 95 % bootstrap intervals.",
      losses, view.summary.gains.size());
  std::vector<Panel> panels = {std::move(gained)};
  if (losses > 0) panels.push_back(std::move(lost));
  figure.charts = {{line_chart({sigma_axis(run.options.sigmas), std::move(panels)}), figure.title + "."}};
  figure.numbers = gain_table(run, view.summary);
  return figure;
}

std::optional<Figure> minimal_rank_figure(const SweepView& view) {
  const SweepRun& run = view.run;
  Panel panel{{"least rank", Scale::kLog, {}}, empty_series(mixture_names(run)), {}, 220};
  for (const MinimalRank& row : view.summary.minimal) {
    Series& series = panel.series[static_cast<size_t>(row.mixture)];
    series.x.push_back(run.options.sigmas[static_cast<size_t>(row.level)]);
    series.y.push_back(static_cast<double>(row.rank));
  }
  const size_t last = run.options.sigmas.size() - 1;
  Figure figure;
  figure.title = fmt::format("Rank {} is enough for K = {} at {}, rank {} at {}", view.summary.minimal[0].rank,
                             run.mixtures[0].components, sigma_word(run, 0), view.summary.minimal[last].rank,
                             sigma_word(run, last));
  figure.caption =
      "The least of the ranks asked for that leaves at most a tenth more than the full rank (002, figure 10 B; there, too, rank 100 "
      "does as well as the full one at σ = 10 on CIFAR-10).";
  figure.charts = {{line_chart({sigma_axis(run.options.sigmas), {std::move(panel)}}), figure.title + "."}};
  figure.numbers = minimal_rank_table(run, view.summary);
  return figure;
}

namespace {

size_t trade_off_level(const SweepRun& run) {
  const auto& sigmas = run.options.sigmas;
  const auto nearest = std::ranges::min_element(
      sigmas, {}, [](double sigma) { return std::fabs(std::log(sigma / kTradeOffSigma)); });
  return static_cast<size_t>(nearest - sigmas.begin());
}

// The rank at which a mixture leaves `level`, by interpolation between logarithms; NaN where it never or always leaves less.
double rank_leaving(const SweepView& view, size_t mixture, size_t place, double level) {
  for (size_t q = 1; q <= full_place(view.run); ++q) {
    const double above = left_over(view, mixture, q - 1, place), below = left_over(view, mixture, q, place);
    const auto from = static_cast<double>(swept_rank(view.run, mixture, q - 1)),
               to = static_cast<double>(swept_rank(view.run, mixture, q));
    if (!(above >= level && below < level) || !(below > 0) || to <= from) continue;
    return from * std::pow(to / from, std::log(above / level) / std::log(above / below));
  }
  return std::nan("");
}

Chart level_lines(const SweepView& view, size_t place, double least, double most) {
  std::vector<std::string> names;
  std::vector<double> levels;
  for (int i = 1; i <= kLevelLines; ++i) {
    levels.push_back(least * std::pow(most / least, static_cast<double>(i) / (kLevelLines + 1)));
    names.push_back("ρ = " + format_digits(levels.back(), 2));
  }
  std::vector<Series> lines = empty_series(names);
  for (size_t i = 0; i < levels.size(); ++i) {
    for (size_t k = 0; k < view.run.mixtures.size(); ++k) {
      const double rank = rank_leaving(view, k, place, levels[i]);
      if (!std::isfinite(rank)) continue;
      lines[i].x.push_back(static_cast<double>(view.run.mixtures[k].components));
      lines[i].y.push_back(rank);
    }
  }
  return {line_chart({{"components K", Scale::kLog, {}},
                      {{{"rank that leaves the same", Scale::kLog, {}}, std::move(lines), {}, 220}}}),
          "Lines of equal residual over the number of components and the rank."};
}

}  // namespace

std::optional<Figure> trade_off_figure(const SweepView& view) {
  const SweepRun& run = view.run;
  if (run.mixtures.size() < 2 || run.options.ranks.empty()) return std::nullopt;
  const size_t place = trade_off_level(run);
  MatrixChart map;
  map.rows = mixture_names(run);
  map.columns = {};
  for (size_t q = 0; q <= full_place(run); ++q) map.columns.push_back(swept_rank_word(run, q));
  double least = std::numeric_limits<double>::infinity(), most = 0;
  for (size_t k = 0; k < run.mixtures.size(); ++k) {
    std::vector<double> values;
    for (size_t q = 0; q <= full_place(run); ++q) {
      values.push_back(left_over(view, k, q, place));
      if (values.back() > 0) least = std::min(least, values.back());
      most = std::max(most, values.back());
    }
    map.values.push_back(std::move(values));
  }
  map.row_title = "components";
  map.column_title = "rank";
  map.value_title = "left over at " + sigma_word(run, place);
  map.scale = Scale::kLog;
  map.digits = 2;
  std::vector<const EqualPair*> pairs;
  for (const EqualPair& pair : view.summary.equal) {
    if (pair.level == static_cast<int64_t>(place) && pair.fewer_residual < 1) pairs.push_back(&pair);
  }
  Figure figure;
  figure.title = "Components against rank at " + sigma_word(run, place);
  if (!pairs.empty()) {
    const EqualPair& widest = **std::ranges::max_element(pairs, {}, [](const EqualPair* pair) {
      return static_cast<double>(pair->fewer_rank) / static_cast<double>(pair->more_rank);
    });
    figure.title = fmt::format("At {}, {} components of rank {} explain as much as {} of rank {}: {} and {} left over",
                               sigma_word(run, place), widest.more, widest.more_rank, widest.fewer, widest.fewer_rank,
                               format_digits(widest.more_residual, 3), format_digits(widest.fewer_residual, 3));
  }
  figure.caption =
      "What is left over of every pair, and lines of equal residual between them (ranks interpolated in the logarithm). The table "
      "lists, for every noise level, pairs that leave the same to 5 %, each with the least such rank. 002 reads off CIFAR-10 at "
      "σ = 0.1: 200 components of rank 384 as 10 of rank 1024.";
  figure.charts = {{matrix_chart(map), figure.title + "."}};
  if (std::isfinite(least) && most > least) figure.charts.push_back(level_lines(view, place, least, most));
  figure.numbers = equal_pairs_table(run, view.summary);
  return figure;
}

}  // namespace farfield
