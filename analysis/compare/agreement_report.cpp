#include <algorithm>
#include <ranges>

#include <fmt/format.h>

#include "analysis/compare/compare_report.h"
#include "analysis/page/charts.h"
#include "analysis/page/format.h"
#include "analysis/stats/agreement.h"
#include "core/text.h"

namespace farfield {
namespace {

// What the charts show of the measures.
constexpr const char* kShown[] = {"r2", "pearson"};

Panel panel_of(const CompareResult& result, Pairing pairing, const std::string& measure) {
  const Trajectories& paths = result.trajectories;
  const std::vector<SeriesStyle> styles = series_styles(paths.kinds);
  Panel panel{{measure, Scale::kLinear, std::pair{0., 1.}}, {}, {}, 190};
  for (size_t r = 0; r < paths.paths.size(); ++r) panel.series.push_back({paths.paths[r], styles[r], {}, {}, {}, {}});
  // From the last level up, so that lines are named at high noise.
  for (const AgreementRow& row : std::views::reverse(result.agreement)) {
    if (row.pairing != pairing || row.measure != agreement_index(measure)) continue;
    Series& series = panel.series[static_cast<size_t>(row.path)];
    series.x.push_back(row.sigma.value());
    series.y.push_back(row.median);
    series.low.push_back(row.q25);
    series.high.push_back(row.q75);
  }
  std::erase_if(panel.series, [](const Series& series) { return series.y.empty(); });
  return panel;
}

Chart chart_of(const CompareResult& result, Pairing pairing, const std::string& words) {
  LineChart chart{sigma_axis(result.trajectories.levels), {}};
  for (const char* measure : kShown) chart.panels.push_back(panel_of(result, pairing, measure));
  return {line_chart(chart), "Agreement of D with the model's over the noise level, " + words + "."};
}

const AgreementRow* end_row(const CompareResult& result, size_t path, const std::string& measure) {
  const auto found = std::ranges::find_if(result.agreement, [&](const AgreementRow& row) {
    return row.pairing == Pairing::kEnds && row.path == static_cast<int64_t>(path) &&
           row.measure == agreement_index(measure);
  });
  return found == result.agreement.end() ? nullptr : &*found;
}

// Means over levels and seeds, as the tables of the PCA line of work have them; medians of the final samples, as the other's.
Table agreement_numbers(const CompareResult& result) {
  const Trajectories& paths = result.trajectories;
  Table table;
  table.columns = {"reference",
                   "r2 of D, along",
                   "pearson of D, along",
                   "r2 of D, free",
                   "pearson of D, free",
                   "pearson of samples, median",
                   "r2 of samples, median"};
  for (size_t r = 0; r < paths.paths.size(); ++r) {
    std::vector<Cell> cells = {paths.paths[r]};
    for (const auto* values : {&paths.along, &paths.free_running}) {
      for (const char* measure : kShown) {
        const torch::Tensor of = (*values)[agreement_index(measure)][static_cast<int64_t>(r)];
        const bool any = of.isfinite().any().item<bool>();
        cells.emplace_back(any ? format_digits(of.nanmean().item<double>(), 3) : std::string());
      }
    }
    for (const char* measure : {"pearson", "r2"}) {
      const AgreementRow* row = end_row(result, r, measure);
      cells.emplace_back(row != nullptr ? format_digits(row->median, 3) : std::string());
    }
    table.add(std::move(cells));
  }
  return table;
}

// The path whose samples correlate most with the model's, by the median.
std::string agreement_title(const CompareResult& result) {
  const AgreementRow* best = nullptr;
  for (size_t r = 0; r < result.trajectories.paths.size(); ++r) {
    const AgreementRow* row = end_row(result, r, "pearson");
    if (row != nullptr && (best == nullptr || row->median > best->median)) best = row;
  }
  if (best == nullptr) return "How alike D and the samples are to the model's";
  return fmt::format("The samples of {} are most like the model's: median correlation {}",
                     result.trajectories.paths[static_cast<size_t>(best->path)], format_digits(best->median, 3));
}

}  // namespace

std::optional<Figure> agreement_figure(const CompareView& view) {
  if (view.result.agreement.empty()) return std::nullopt;
  Figure figure;
  figure.title = agreement_title(view.result);
  figure.caption =
      "Medians over seeds of each sample's agreement with the model, bands from the first to the third quartile. Left, along: "
      "both D at the states of the model's own path; right, free: each D on its own path from the same noise. r2 = 1 − ‖D_ref "
      "− D_model‖² / (d var D_model), which can be negative; pearson is the correlation over a sample's numbers, which Kamb and "
      "Ganguli plot as r². Values below 0 leave the panels. In the table: means over all levels, and medians of final samples.";
  figure.data_file = "agreement.csv";
  figure.numbers = agreement_numbers(view.result);
  figure.charts = {chart_of(view.result, Pairing::kAlong, "at the states of the model's path"),
                   chart_of(view.result, Pairing::kFreeRunning, "each on its own path")};
  return figure;
}

}  // namespace farfield
