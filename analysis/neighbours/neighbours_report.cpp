#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "analysis/neighbours/nearest_curve.h"
#include "analysis/neighbours/neighbour_grid.h"
#include "analysis/neighbours/neighbours_run.h"
#include "analysis/page/charts.h"
#include "analysis/page/figure_table.h"
#include "analysis/page/format.h"
#include "analysis/paths/curve.h"
#include "core/io/file.h"
#include "core/io/json.h"
#include "core/io/npz.h"
#include "core/run/run_info.h"

namespace farfield {
namespace {

torch::Tensor nearest(const NeighboursRun& run) { return run.found.distance.select(1, 0); }

int64_t copies(const NeighboursRun& run) { return (nearest(run) == 0).sum().item<int64_t>(); }

// How many different data points are the nearest of some sample.
int64_t different_points(const NeighboursRun& run) {
  const torch::Tensor sorted = std::get<0>(run.found.index.select(1, 0).sort());
  return 1 + (sorted.slice(0, 1) != sorted.slice(0, 0, -1)).sum().item<int64_t>();
}

std::string distance_words(const NeighboursRun& run) {
  return run.contract.known()
             ? fmt::format("2-norm over {} features of a sample ({})", run.contract.dim, run.contract.name)
             : "2-norm over the numbers of a sample";
}

std::optional<Figure> distance_figure(const NeighboursRun& run) {
  const Average average = average_of(nearest(run));
  const std::vector<NearestCurve> curves = {{"samples", series_style("samples"), nearest(run)}};
  Figure figure;
  figure.title = fmt::format("The nearest data point is {} away on average, and {} of {} samples are copies of one",
                             format_measured(average.mean, average.low, average.high), copies(run),
                             run.found.index.size(0));
  figure.caption = fmt::format(
      "Part of the samples that are nearer to a data point than the distance on the axis: {}, exact. Their nearest are {} "
      "different data points. {}",
      distance_words(run), different_points(run),
      run.contract.known() ? "" : "Pixels are not what eyes see: a near image may look unlike, a shifted copy is far.");
  figure.numbers = nearest_table(curves);
  figure.charts = {{nearest_chart(curves), figure.title + "."}};
  return figure;
}

std::optional<Figure> picture_figure(const NeighboursRun& run) {
  const std::string png = neighbour_grid_png(run.inputs.samples, run.found.index, *run.inputs.data);
  if (png.empty()) return std::nullopt;
  const int64_t shown = std::min(run.found.index.size(0), kMostNeighbourRows);
  Figure figure;
  figure.title = fmt::format("{} samples, each with its {} nearest data points", shown, run.inputs.k);
  figure.caption = "Each row: the sample, then its neighbours, nearest first.";
  figure.data_file = "neighbours.csv";
  figure.pictures = {{png, figure.title, "", {}}};
  return figure;
}

const std::vector<FigureRow<NeighboursRun>>& neighbours_figures() {
  static const std::string kNearest = "Nearest data";
  static const std::vector<FigureRow<NeighboursRun>> rows = {
      {kNearest, distance_figure, "nearest.csv", "how many of the samples are nearer to a data point than a distance"},
      {kNearest, picture_figure}};
  return rows;
}

void write_files(const NeighboursRun& run, Report& report, const RunFolder& folder) {
  write_csv(folder.path("neighbours.csv"), neighbours_table(run));
  report.file("neighbours.csv", "the nearest data points of every sample");
  write_npz(folder.path("neighbours.npz"), {{"index", run.found.index}, {"distance", run.found.distance}});
  report.file("neighbours.npz", "the same as arrays");
  const std::string png = neighbour_grid_png(run.inputs.samples, run.found.index, *run.inputs.data);
  if (png.empty()) return;
  write_file_atomically(folder.path("neighbours.png"), png);
  report.file("neighbours.png", "the samples and their neighbours");
}

}  // namespace

std::string neighbours_headline(const NeighboursRun& run) {
  const Average average = average_of(nearest(run));
  return fmt::format(
      "The nearest of {} data points is {} away on average{} (from {} to {}); {} of {} samples are copies.",
      run.inputs.data->info().count, format_digits(average.mean, 4),
      run.contract.known() ? fmt::format(" in features '{}'", run.contract.name) : "",
      format_digits(nearest(run).min().item<double>(), 4), format_digits(nearest(run).max().item<double>(), 4),
      copies(run), run.found.index.size(0));
}

void save_neighbours(const NeighboursRun& run, const RunCall& call, RunInfo info, RunFolder& folder) {
  const DataInfo& data = run.inputs.data->info();
  const std::string headline = neighbours_headline(run);
  Report report("farfield neighbours", "Samples and the data nearest to them", headline,
                {call.command,
                 {{"samples", fmt::format("{}, {} of them", run.inputs.samples_text, run.found.index.size(0))},
                  {"data", fmt::format("{}, {} samples", data.name, data.count)},
                  {"neighbours", std::to_string(run.inputs.k)}},
                 {{"distance", distance_words(run) + ", decided in float64; equal ones by the lower index"},
                  {"time", format_seconds(call.seconds)},
                  {"program", version_line()}}});
  write_files(run, report, folder);
  add_figures(report, neighbours_figures(), run, folder);
  report.write(folder.path("report.html"));
  info.add_text("samples", run.inputs.samples_text);
  info.add_text("data", data.name);
  info.add_text("data_fingerprint", data.fingerprint);
  info.add("data_left_out", dump_json(to_json(data.notes.left_out)));
  info.add("k", std::to_string(run.inputs.k));
  if (run.contract.known()) info.add("features", contract_json(run.contract));
  info.add_text("headline", headline);
  folder.commit(std::move(info));
}

}  // namespace farfield
