#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "analysis/compare/class_table.h"
#include "analysis/compare/compare_report.h"
#include "analysis/page/format.h"
#include "analysis/page/matrix_chart.h"

namespace farfield {
namespace {

// What one reference leaves of the score, a row a class.
Chart chart_of(const CompareResult& result, const std::vector<ClassRow>& rows, int64_t reference) {
  MatrixChart chart;
  chart.row_title = "class";
  chart.column_title = "noise level σ";
  chart.value_title = "left by " + result.comparison.references[static_cast<size_t>(reference)];
  chart.scale = Scale::kLog;
  chart.digits = 2;
  for (const double sigma : result.comparison.sigmas) chart.columns.push_back(format_sigma(sigma));
  const double none = std::numeric_limits<double>::quiet_NaN();
  std::set<int64_t> classes;
  for (const ClassRow& row : rows) classes.insert(row.label);
  for (const int64_t label : classes) {
    chart.rows.push_back(std::to_string(label));
    chart.values.emplace_back(chart.columns.size(), none);
    for (const ClassRow& row : rows) {
      if (row.label == label && row.reference == reference)
        chart.values.back()[static_cast<size_t>(row.level)] = std::min(1., 1 - row.explained);
    }
  }
  return {matrix_chart(chart), "What the reference leaves of the score of each class over the noise level."};
}

}  // namespace

std::optional<Figure> classes_figure(const CompareView& view) {
  const CompareResult& result = view.result;
  const std::vector<ClassRow> rows = class_rows(result.comparison);
  constexpr size_t kMostClasses = 100;
  if (rows.empty() || result.kinds.empty()) return std::nullopt;
  if (static_cast<size_t>(rows.back().label) >= kMostClasses) return std::nullopt;  // the file has them
  const auto gaussian = std::ranges::find(result.kinds, "gaussian");
  std::vector<int64_t> shown = {gaussian == result.kinds.end() ? 0 : gaussian - result.kinds.begin()};
  if (result.ranking && result.ranking->overall[0].reference != shown[0])
    shown.push_back(result.ranking->overall[0].reference);
  Figure figure;
  figure.title = "Class by class";
  figure.caption = fmt::format(
      "1 − explained variance of the score, each probe asked for its own class, over the probes of a class (002, figures 16 and "
      "17); 1: all of it, or more. Of {} references {} shown; classes.csv has all.",
      result.kinds.size(), shown.size() == 1 ? "one is" : "the Gaussian and the first are");
  for (const int64_t reference : shown) figure.charts.push_back(chart_of(result, rows, reference));
  figure.data_file = "classes.csv";
  return figure;
}

}  // namespace farfield
