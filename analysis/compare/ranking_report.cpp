#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "analysis/compare/compare_report.h"
#include "analysis/page/format.h"
#include "analysis/page/matrix_chart.h"
#include "core/text.h"

namespace farfield {
namespace {

std::string share(double value, double low, double high) {
  return format_measured(100 * value, 100 * low, 100 * high) + " %";
}

// "delta up to σ = 0.1, the mixture from there to 2, ..."
std::string leaders(const CompareResult& result, const Ranking& ranking) {
  struct Reign {
    int64_t reference;
    double first, last;
  };
  std::vector<Reign> reigns;
  for (size_t i = 0; i < ranking.levels.size(); ++i) {
    const double sigma = result.comparison.sigmas[static_cast<size_t>(ranking.levels[i])];
    const int64_t leader = ranking.at_level[i].front().reference;
    if (reigns.empty() || reigns.back().reference != leader) reigns.push_back({leader, sigma, sigma});
    reigns.back().last = sigma;
  }
  std::vector<std::string> words;
  for (const Reign& one : reigns) {
    const std::string at = one.first == one.last
                               ? "at σ = " + format_sigma(one.first)
                               : fmt::format("from σ = {} to {}", format_sigma(one.first), format_sigma(one.last));
    words.push_back(in_words(result, one.reference) + " " + at);
  }
  return join(words, ", ");
}

std::string lead_words(const CompareResult& result, const Ranking& ranking) {
  const RankedReference& first = ranking.overall[0];
  const std::string next = in_words(result, ranking.overall[1].reference);
  if (first.lead == 0) return fmt::format("{} as much", next);
  const std::string by = share(first.lead, first.lead_low, first.lead_high);
  if (!(first.lead_low > 0)) return fmt::format("{} is not told apart from it ({} less)", next, by);
  return fmt::format("{} {} less", next, by);
}

std::string place_words(const CompareResult& result, const RankedReference& one) {
  return fmt::format("{} ({})", result.comparison.references[static_cast<size_t>(one.reference)],
                     share(one.explained, one.low, one.high));
}

// A row of what is left at the levels of the ranking; 1: all of it, or more.
std::vector<double> left_by(const Ranking& ranking, int64_t reference) {
  std::vector<double> left;
  for (const auto& list : ranking.at_level) {
    const auto one = std::ranges::find(list, reference, &RankedReference::reference);
    left.push_back(std::min(1., 1 - one->explained));
  }
  return left;
}

MatrixChart matrix_of(const CompareResult& result, const Ranking& ranking) {
  MatrixChart chart;
  chart.row_title = "reference, best first";
  chart.column_title = "noise level σ";
  chart.value_title = "what is left, 1 − explained";
  chart.scale = Scale::kLog;
  chart.digits = 2;
  for (const int64_t level : ranking.levels)
    chart.columns.push_back(format_sigma(result.comparison.sigmas[static_cast<size_t>(level)]));
  for (const RankedReference& one : ranking.overall) {
    chart.rows.push_back(result.comparison.references[static_cast<size_t>(one.reference)]);
    chart.values.push_back(left_by(ranking, one.reference));
  }
  return chart;
}

Table ranking_numbers(const CompareResult& result, const Ranking& ranking) {
  Table table;
  table.columns = {"σ", "first", "second", "lead", "95 % interval"};
  const auto add = [&](const std::string& sigma, const std::vector<RankedReference>& list) {
    const RankedReference& first = list[0];
    const auto text = [&](double value) { return format_measured(value, first.lead_low, first.lead_high); };
    table.rows.push_back({sigma, place_words(result, first), place_words(result, list[1]), text(first.lead),
                          text(first.lead_low) + " to " + text(first.lead_high)});
  };
  add("all", ranking.overall);
  for (size_t i = 0; i < ranking.levels.size(); ++i)
    add(format_sigma(result.comparison.sigmas[static_cast<size_t>(ranking.levels[i])]), ranking.at_level[i]);
  return table;
}

}  // namespace

std::string ranking_sentence(const CompareResult& result) {
  if (!result.ranking) return "";
  const Ranking& ranking = *result.ranking;
  const RankedReference& first = ranking.overall[0];
  return fmt::format("Over all noise levels {} explains most of the score, {}; {}.", in_words(result, first.reference),
                     share(first.explained, first.low, first.high), lead_words(result, ranking));
}

std::optional<Figure> ranking_figure(const CompareView& view) {
  const CompareResult& result = view.result;
  if (!result.ranking) return std::nullopt;
  const Ranking& ranking = *result.ranking;
  Figure figure;
  figure.title = ranking_sentence(result);
  figure.caption = fmt::format(
      "Ahead: {}. What is left of the model's score, Σ‖s_model − s_ref‖² / Σ‖s_model‖², at the {} probes ({}) and {} noise "
      "levels at which all were evaluated; an empty cell: nothing; 1: all of it, or more. Over all levels: the mean of the explained variance, where "
      "one below 0 counts as 0. Leads are paired: both on the same probes; 95 % bootstrap intervals.",
      leaders(result, ranking), ranking.probes, ranking.probe == ProbeKind::kData ? "noised data" : "pure noise",
      ranking.levels.size());
  std::vector<std::string> places;
  for (const RankedReference& one : ranking.overall) places.push_back(place_words(result, one));
  figure.charts = {
      {matrix_chart(matrix_of(result, ranking)),
       "What each reference leaves of the score over the noise level. Best first: " + join(places, "; ") + "."}};
  figure.data_file = "ranking.csv";
  figure.numbers = ranking_numbers(result, ranking);
  return figure;
}

}  // namespace farfield
