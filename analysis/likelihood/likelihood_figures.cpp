#include "analysis/likelihood/likelihood_figures.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "analysis/page/charts.h"
#include "analysis/page/format.h"
#include "core/text.h"

namespace farfield {
namespace {

constexpr int kMostBins = 24;

std::vector<SeriesStyle> set_styles() { return series_styles({"network", "against"}); }

std::string bits_word(const LikelihoodRow& row) { return format_measured(row.bits.mean, row.bits.low, row.bits.high); }

std::string set_word(const LikelihoodSet& set) { return set.name == "data" ? set.data : set.data + " (against)"; }

std::string interval_word(const Average& bits) {
  return format_measured(bits.low, bits.low, bits.high) + " to " + format_measured(bits.high, bits.low, bits.high);
}

Table reading_bits(const LikelihoodView& view) {
  Table table{.columns = {"samples of", "measured by", "bits per dimension", "95 % interval", "error of probes"},
              .rows = {}};
  for (const LikelihoodRow& row : view.summary.rows) {
    table.add({set_word(view.summary.sets[row.set]), view.summary.measures[row.measure].name, bits_word(row),
               interval_word(row.bits), std::isfinite(row.probe_error) ? format_digits(row.probe_error, 2) : ""});
  }
  return table;
}

// The edges of equal bins over all samples' bits.
struct Bins {
  double low, width;
  size_t count;
};
Bins bins_of(const LikelihoodView& view) {
  double low = INFINITY, high = -INFINITY;
  int64_t most = 0;
  for (size_t set = 0; set < view.summary.sets.size(); ++set) {
    const torch::Tensor bits = bits_of(view.run, view.summary, set, 0);
    low = std::min(low, bits.min().item<double>());
    high = std::max(high, bits.max().item<double>());
    most = std::max(most, bits.numel());
  }
  const auto count = static_cast<size_t>(
      std::clamp(std::sqrt(static_cast<double>(most)) * 1.5, 4.0, double{kMostBins}));
  const double width = high > low ? (high - low) / static_cast<double>(count) : 1e-6 * std::max(1.0, std::abs(high));
  return {low, width, count};
}

std::vector<double> shares(const torch::Tensor& bits, const Bins& bins) {
  std::vector<double> shares(bins.count, 0);
  const double* value = bits.const_data_ptr<double>();
  for (int64_t i = 0; i < bits.numel(); ++i) {
    const auto bin = static_cast<size_t>(std::max(0.0, (value[i] - bins.low) / bins.width));
    shares[std::min(bin, bins.count - 1)] += 1 / static_cast<double>(bits.numel());
  }
  return shares;
}

// An outline of steps, from the axis and back to it.
Series outline(const std::string& label, const SeriesStyle& style, const std::vector<double>& shares,
               const Bins& bins) {
  Series line{label, style, {bins.low}, {0}, {}, {}};
  for (size_t i = 0; i < shares.size(); ++i) {
    for (const size_t edge : {i, i + 1}) {
      line.x.push_back(bins.low + static_cast<double>(edge) * bins.width);
      line.y.push_back(shares[i]);
    }
  }
  line.x.push_back(line.x.back());
  line.y.push_back(0);
  return line;
}

// From the least to the most of all ways, but for those far beyond the model's own: a delta far from its data.
std::pair<double, double> bits_range(const LikelihoodSummary& summary) {
  constexpr double kFarBeyond = 4;
  double low = INFINITY, high = -INFINITY;
  for (const bool all : {false, true}) {
    const double own = high - std::min(low, 0.0), bottom = low - kFarBeyond * own, top = high + kFarBeyond * own;
    for (const LikelihoodRow& row : summary.rows) {
      const bool reference = summary.measures[row.measure].name.starts_with("reference");
      if (reference != all || !std::isfinite(row.bits.mean)) continue;
      if (all && (row.bits.mean < bottom || row.bits.mean > top)) continue;
      low = std::min(low, row.bits.low);
      high = std::max(high, row.bits.high);
    }
  }
  const double margin = std::max(0.05 * (high - low), 1e-6);
  return {low - margin, high + margin};
}

}  // namespace

std::optional<Figure> bits_figure(const LikelihoodView& view) {
  const LikelihoodSummary& summary = view.summary;
  LineChart chart;
  chart.x = {"way to the likelihood, in the order of the table", Scale::kLinear,
             std::pair{0.5, static_cast<double>(summary.measures.size()) + 0.5}};
  Panel panel{{"bits per dimension", Scale::kLinear, bits_range(summary)}, {}, {}, 240};
  const std::vector<SeriesStyle> styles = set_styles();
  std::vector<std::string> words;
  for (size_t set = 0; set < summary.sets.size(); ++set) {
    Series line{set_word(summary.sets[set]), styles[set], {}, {}, {}, {}};
    for (size_t m = 0; m < summary.measures.size(); ++m) {
      const Average& bits = summary.at(set, m).bits;
      line.x.push_back(static_cast<double>(m + 1));
      line.y.push_back(bits.mean);
      line.low.push_back(bits.low);
      line.high.push_back(bits.high);
    }
    panel.series.push_back(std::move(line));
  }
  for (size_t m = 0; m < summary.measures.size(); ++m)
    words.push_back(summary.measures[m].name + " " + bits_word(summary.at(0, m)));
  chart.panels.push_back(std::move(panel));
  Figure figure;
  figure.title = "Bits per dimension: " + join(words, ", ");
  figure.caption = fmt::format(
      "−log p(x; σ_min) / (d ln 2){} over d = {} numbers a sample, mean over samples with 95 % bootstrap intervals. Priors "
      "stand for log p(x; σ_max) on top of one integral along the flow; references and closed forms are densities at σ_min = "
      "{}; what is far beyond the model's own is cut off, and stands in the table. Trace: {}. {}.",
      view.run.byte_scale() == 1 ? "" : " + log₂ 127.5", view.run.dimensions(),
      format_sigma(view.run.options.range.sigma_min), in_words(view.run.options.trace),
      in_words(view.run.options.solver));
  figure.charts = {{line_chart(chart), figure.title + "."}};
  figure.data_file = "summary.csv";
  figure.numbers = reading_bits(view);
  return figure;
}

std::optional<Figure> histogram_figure(const LikelihoodView& view) {
  const LikelihoodSummary& summary = view.summary;
  if (view.run.own < 2) return std::nullopt;
  const Bins bins = bins_of(view);
  const std::vector<SeriesStyle> styles = set_styles();
  LineChart chart;
  chart.x = {"bits per dimension, prior N(0, σ_max²)", Scale::kLinear, {}};
  Panel panel{{"share of the samples", Scale::kLinear, {}}, {}, {}, 220};
  Figure figure;
  figure.numbers.columns = {"set", "from", "to", "share"};
  for (size_t set = 0; set < summary.sets.size(); ++set) {
    const std::vector<double> heights = shares(bits_of(view.run, summary, set, 0), bins);
    panel.series.push_back(outline(set_word(summary.sets[set]), styles[set], heights, bins));
    for (size_t i = 0; i < heights.size(); ++i) {
      figure.numbers.add({summary.sets[set].name, bins.low + static_cast<double>(i) * bins.width,
                          bins.low + static_cast<double>(i + 1) * bins.width, heights[i]});
    }
  }
  chart.panels.push_back(std::move(panel));
  const Average& own = summary.at(0, 0).bits;
  figure.title = fmt::format("Samples of {} have {} bits per dimension, with a spread of {}", summary.sets[0].data,
                             bits_word(summary.at(0, 0)), format_digits(own.std, 2));
  if (summary.sets.size() > 1) {
    figure.title += fmt::format("; of {} {}", summary.sets[1].data, bits_word(summary.at(1, 0)));
  }
  figure.caption = fmt::format(
      "{} equal bins over all samples; {} of {}{}.", bins.count, summary.sets[0].count, summary.sets[0].data,
      summary.sets.size() > 1 ? fmt::format(", {} of {}", summary.sets[1].count, summary.sets[1].data) : "");
  figure.charts = {{line_chart(chart), figure.title + "."}};
  return figure;
}

std::optional<Figure> growth_figure(const LikelihoodView& view) {
  const LikelihoodSummary& summary = view.summary;
  const std::vector<double> levels = growth_levels(view.run);
  const std::vector<SeriesStyle> styles = set_styles();
  LineChart chart;
  chart.x = sigma_axis({view.run.options.range.sigma_min, view.run.options.range.sigma_max});
  Panel panel{{"1 − tr(∂D/∂x) / d", Scale::kLinear, {}}, {}, {1}, 220};
  std::optional<double> half;
  for (size_t set = 0; set < summary.sets.size(); ++set) {
    const Curve curve = growth_of(view.run, summary.sets[set]);
    panel.series.push_back(curve_series(set_word(summary.sets[set]), styles[set], levels, curve));
    for (size_t i = 0; set == 0 && i < levels.size() && !half; ++i) {
      if (curve.mean[i] >= 0.5) half = levels[i];
    }
  }
  chart.panels.push_back(std::move(panel));
  Figure figure;
  figure.title = half ? fmt::format("Noise has taken half of the dimensions at σ = {}", format_sigma(*half))
                      : "Noise does not take half of the dimensions at any level";
  figure.caption = fmt::format(
      "What the log-likelihood gains over ln σ for each dimension, d log p = (1 − tr(∂D/∂x) / d) d ln σ: 0 where the model keeps "
      "every direction, 1 where it knows the mean alone. {} intervals, bands are 95 % bootstrap intervals over samples.",
      view.run.options.range.intervals);
  figure.charts = {{line_chart(chart), figure.title + "."}};
  figure.data_file = "trace.csv";
  figure.numbers = growth_table(view.run, summary);
  return figure;
}

}  // namespace farfield
