#include "analysis/compare/compare_report.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "analysis/page/charts.h"
#include "analysis/page/format.h"
#include "core/error.h"
#include "core/text.h"
#include "models/analytic/far_field.h"
#include "models/registry/model_form.h"
#include "models/registry/reference_registry.h"

namespace farfield {

std::string in_words(const CompareResult& result, int64_t reference) {
  const ReferenceKind* kind = find_reference(result.kinds[reference]);
  const auto same = std::count(result.kinds.begin(), result.kinds.end(), result.kinds[reference]);
  const bool the_only_one = kind != nullptr && same == 1 && !kind->words.empty();
  const bool whole = result.kinds[reference] != "delta" ||
                     parse_model(result.comparison.references[reference]).options.empty();  // no point left out
  return the_only_one && whole ? kind->words : result.comparison.references[reference];
}

namespace {

constexpr double kEnough = 0.99;  // explained variance the headline asks for

// The number of a row that a panel shows, with its interval.
struct ShownRow {
  double value, low, high;
};
using ShowRow = std::function<ShownRow(const ComparisonRow&)>;

ShownRow of_score(const ComparisonRow& row) { return {row.score.value, row.score.low, row.score.high}; }
ShownRow of_denoiser(const ComparisonRow& row) { return {row.denoiser.value, row.denoiser.low, row.denoiser.high}; }
ShownRow unexplained(const ShownRow& shown) { return {1 - shown.value, 1 - shown.high, 1 - shown.low}; }
ShownRow score_mse(const ComparisonRow& row) { return {row.score_mse, row.score_mse_low, row.score_mse_high}; }
ShownRow denoiser_mse(const ComparisonRow& row) {
  return {row.denoiser_mse, row.denoiser_mse_low, row.denoiser_mse_high};
}

std::vector<Series> series_of(const CompareResult& result, ProbeKind probe, const ShowRow& show) {
  const std::vector<SeriesStyle> styles = series_styles(result.kinds);
  std::vector<Series> series;
  for (size_t r = 0; r < result.comparison.references.size(); ++r) {
    series.push_back({result.comparison.references[r], styles[r], {}, {}, {}, {}});
  }
  for (const ComparisonRow& row : result.rows) {
    if (row.probe != probe) continue;
    Series& one = series[row.reference];
    const ShownRow shown = show(row);
    one.x.push_back(result.comparison.sigmas[row.level]);
    one.y.push_back(shown.value);
    one.low.push_back(shown.low);
    one.high.push_back(shown.high);
  }
  return series;
}

// One logarithmic range for all charts of a figure, so that they can be compared by eye. Values of expansions (models/analytic/far_field.h),
// which are beyond all measure at low noise, do not set it.
std::optional<std::pair<double, double>> common_range(const CompareResult& result, const ShowRow& show,
                                                      double decades) {
  double low = std::numeric_limits<double>::infinity(), high = 0;
  for (const ComparisonRow& row : result.rows) {
    const double value = show(row).value;
    const bool expansion = is_expansion(result.kinds[row.reference]) && result.kinds.size() > 1;
    if (expansion || !(value > 0) || !std::isfinite(value)) continue;
    low = std::min(low, value);
    high = std::max(high, value);
  }
  if (high == 0) return std::nullopt;
  low = std::max(low, high * std::pow(10, -decades));
  const double top = std::ceil(std::log10(high) - 1e-9), bottom = std::floor(std::log10(low) + 1e-9);
  return std::pair{std::pow(10, bottom), std::pow(10, std::max(top, bottom + 1))};
}

std::string probe_name(ProbeKind probe) { return probe == ProbeKind::kData ? "noised data" : "pure noise"; }

std::string probe_words(ProbeKind probe) {
  return probe_name(probe) + (probe == ProbeKind::kData ? ", x = y + σ n" : ", x = σ n");
}

std::string alt_text(const CompareResult& result, ProbeKind probe, const std::string& what, const ShowRow& show) {
  std::vector<std::string> parts;
  for (const Series& series : series_of(result, probe, show)) {
    if (series.y.empty()) continue;
    parts.push_back(fmt::format("{}: {} at σ = {}, {} at σ = {}", series.label, format_digits(series.y.front(), 3),
                                format_sigma(series.x.front()), format_digits(series.y.back(), 3),
                                format_sigma(series.x.back())));
  }
  return fmt::format("{} over the noise level, probed at {}. {}.", what, probe_words(probe), join(parts, "; "));
}

Chart explained_chart(const CompareResult& result, ProbeKind probe, const std::string& what, const ShowRow& show) {
  const ShowRow rest = [&](const ComparisonRow& row) { return unexplained(show(row)); };
  LineChart chart;
  chart.x = sigma_axis(result.comparison.sigmas);
  chart.guides = result.features;
  chart.panels = {{{"explained variance, " + probe_words(probe), Scale::kLinear, std::pair{0., 1.}},
                   series_of(result, probe, show),
                   {kEnough},
                   190},
                  {{"1 − explained variance", Scale::kLog, common_range(result, rest, 9)},
                   series_of(result, probe, rest),
                   {1 - kEnough},
                   230}};
  return {line_chart(chart), alt_text(result, probe, what, show)};
}

Chart mse_chart(const CompareResult& result, ProbeKind probe) {
  LineChart chart;
  chart.x = sigma_axis(result.comparison.sigmas);
  chart.panels = {
      {{"mean squared difference of D, " + probe_name(probe), Scale::kLog, common_range(result, denoiser_mse, 9)},
       series_of(result, probe, denoiser_mse),
       {},
       190},
      {{"mean squared difference of s, " + probe_name(probe), Scale::kLog, common_range(result, score_mse, 20)},
       series_of(result, probe, score_mse),
       {},
       190}};
  return {line_chart(chart), alt_text(result, probe, "Mean squared difference of the denoisers", denoiser_mse)};
}

// The main columns of comparison.csv for reading.
Table numbers(const CompareResult& result, const std::string& title, const ShowRow& show) {
  Table table;
  table.columns = {"probes", "reference", "σ", title, "95 % interval"};
  for (const ComparisonRow& row : result.rows) {
    const ShownRow shown = show(row);
    const auto text = [&](double value) { return format_measured(value, shown.low, shown.high); };
    table.rows.push_back({std::string(to_string(row.probe)), result.comparison.references[row.reference],
                          format_sigma(result.comparison.sigmas[row.level]), text(shown.value),
                          text(shown.low) + " to " + text(shown.high)});
  }
  return table;
}

std::string from_words(const CompareResult& result, ProbeKind probe, int64_t reference) {
  const auto from = explained_from(result.comparison, result.rows, probe, reference, kEnough);
  if (!from) return fmt::format("not even at σ = {}", format_sigma(result.comparison.sigmas.back()));
  if (*from == result.comparison.sigmas.front()) return "at every tested noise level";
  return fmt::format("from σ = {} up", format_sigma(*from));
}

// The reference the first sentence is about: a Gaussian when there is one.
int64_t subject_of_headline(const CompareResult& result) {
  const auto gaussian = std::find(result.kinds.begin(), result.kinds.end(), "gaussian");
  return gaussian == result.kinds.end() ? 0 : gaussian - result.kinds.begin();
}

std::string capitalised(std::string text) {
  text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
  return text;
}

// "The Gaussian explains 99 % of the score of X from σ = 3 up"
std::string claim(const CompareResult& result, const std::string& whose) {
  const ProbeKind probe = result.comparison.kinds.front();
  const int64_t reference = subject_of_headline(result);
  const bool ever = explained_from(result.comparison, result.rows, probe, reference, kEnough).has_value();
  return capitalised(fmt::format("{} {} 99 % of {} {}", in_words(result, reference),
                                 ever ? "explains" : "does not explain", whose, from_words(result, probe, reference)));
}

std::string how_measured(const CompareResult& result) {
  return fmt::format("over {} probes at each of {} noise levels. Bands are 95 % bootstrap intervals over probes.",
                     result.comparison.difference.size(3), result.comparison.sigmas.size());
}

constexpr const char* kBelowCharts =
    " The thin lines are at 99 %. Values below 0 leave the upper panel; a value of exactly 1 has no place in the lower one.";

}  // namespace

PathBand parse_band(const std::string& text) {
  if (text == "interval") return PathBand::kInterval;
  if (text == "quartiles") return PathBand::kQuartiles;
  throw usage_error("--band: " + unknown_name("band", text, {"interval", "quartiles"}));
}

void summarise(CompareResult& result, int64_t replicates, uint64_t seed) {
  result.rows = summarise(result.comparison, replicates, seed);
  result.trajectory_rows = summarise(result.trajectories, replicates, seed);
  result.ranking = rank_references(result.comparison, replicates, seed);
  result.agreement = summarise_agreement(result.trajectories);
  result.ends = end_distances(end_errors(result.trajectories));
  if (result.perceptual.defined()) result.perceptual_ends = end_distances(result.perceptual);
}

std::string headline(const CompareResult& result, const std::string& model) {
  constexpr int64_t kMostInWords = 6;  // of more the ranking tells
  std::vector<std::string> others;
  const auto count = std::ssize(result.comparison.references);
  for (int64_t r = 0; r < count && count <= kMostInWords; ++r) {
    if (r == subject_of_headline(result)) continue;
    others.push_back(in_words(result, r) + " " + from_words(result, result.comparison.kinds.front(), r));
  }
  const std::string rest = others.empty() ? "" : "; " + join(others, ", ");
  return claim(result, "the score of " + model) + rest + "." + (result.ranking ? " " + ranking_sentence(result) : "");
}

// Explained variance of what `show` picks of a row, with the table of the numbers below.
Figure explained_figure(const CompareResult& result, const std::string& title, const std::string& formula,
                        const std::string& what, const ShowRow& show) {
  Figure figure;
  figure.title = title;
  figure.caption = formula + how_measured(result) + kBelowCharts;
  if (!result.features.empty())
    figure.caption += " Upright lines: the roots of the ten largest variances of the data and of their sum.";
  figure.data_file = "comparison.csv";
  figure.numbers = numbers(result, "explained", show);
  for (const ProbeKind probe : result.comparison.kinds) {
    figure.charts.push_back(explained_chart(result, probe, what, show));
  }
  return figure;
}

Figure explained_score_figure(const CompareView& view) {
  return explained_figure(view.result, claim(view.result, "the score"), "Score: 1 − Σ‖s_model − s_ref‖² / Σ‖s_model‖² ",
                          "Explained variance of the score", of_score);
}

Figure explained_denoiser_figure(const CompareView& view) {
  return explained_figure(view.result, "The same of the denoisers", "Denoiser: 1 − Σ‖D_model − D_ref‖² / Σ‖D_model‖² ",
                          "Explained variance of the denoiser", of_denoiser);
}

Figure difference_figure(const CompareView& view) {
  const CompareResult& result = view.result;
  Figure figure;
  figure.title = "How far the denoisers and scores are apart";
  figure.caption =
      "Mean over probes and numbers of (D_model − D_ref)² (D in units of the data) and of (s_model − s_ref)², s = "
      "(D − x)/σ², " +
      how_measured(result);
  figure.data_file = "comparison.csv";
  figure.numbers = numbers(result, "mean squared difference of D", denoiser_mse);
  for (const ProbeKind probe : result.comparison.kinds) figure.charts.push_back(mse_chart(result, probe));
  return figure;
}

}  // namespace farfield
