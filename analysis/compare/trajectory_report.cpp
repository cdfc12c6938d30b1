#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "analysis/compare/compare_report.h"
#include "analysis/page/charts.h"
#include "analysis/page/format.h"
#include "analysis/page/part_series.h"
#include "analysis/page/sample_figure.h"
#include "core/text.h"

namespace farfield {
namespace {

struct ShownPath {
  double value, low, high;
};
using ShowPath = std::function<ShownPath(const TrajectoryRow&)>;

ShownPath state(const TrajectoryRow& row) { return {row.deviation, row.low, row.high}; }
ShownPath quartiles(const TrajectoryRow& row) { return {row.deviation, row.q25, row.q75}; }
ShownPath denoised(const TrajectoryRow& row) { return {row.denoiser_deviation, row.denoiser_low, row.denoiser_high}; }

Panel panel_of(const CompareResult& result, const std::string& title, const ShowPath& show) {
  const std::vector<SeriesStyle> styles = series_styles(result.trajectories.kinds);
  Panel panel{{title, Scale::kLog, {}}, {}, {0.01}, 210};
  for (size_t r = 0; r < result.trajectories.paths.size(); ++r) {
    panel.series.push_back({result.trajectories.paths[r], styles[r], {}, {}, {}, {}});
  }
  // From the last level up, so that lines end, and are named, at high noise, as in the other charts.
  for (auto row = result.trajectory_rows.rbegin(); row != result.trajectory_rows.rend(); ++row) {
    Series& series = panel.series[row->path];
    const ShownPath shown = show(*row);
    series.x.push_back(result.trajectories.levels[row->level]);
    series.y.push_back(shown.value);
    series.low.push_back(shown.low);
    series.high.push_back(shown.high);
  }
  return panel;
}

const TrajectoryRow& last_row(const CompareResult& result, size_t path) {
  const auto end = static_cast<int64_t>(result.trajectories.levels.size()) - 1;
  return *std::find_if(result.trajectory_rows.begin(), result.trajectory_rows.end(), [&](const TrajectoryRow& row) {
    return row.path == static_cast<int64_t>(path) && row.level == end;
  });
}

std::string title_of(const CompareResult& result) {
  size_t nearest = 0;
  for (size_t r = 0; r < result.trajectories.paths.size(); ++r) {
    if (result.trajectories.counts[r] < result.trajectories.state.size(1)) continue;  // of other seeds
    if (last_row(result, r).rms < last_row(result, nearest).rms) nearest = r;
  }
  const TrajectoryRow& row = last_row(result, nearest);
  return fmt::format("From the same noise, {} ends nearest to the model: {} apart (root mean square per number)",
                     result.trajectories.paths[nearest], format_digits(row.rms, 2));
}

Table deviation_numbers(const CompareResult& result) {
  Table table;
  table.columns = {"reference", "σ", "‖x − x_ref‖² / ‖x‖²", "95 % interval", "of the denoisers", "rms difference of x"};
  for (const TrajectoryRow& row : result.trajectory_rows) {
    const auto text = [&](double value) { return format_measured(value, row.low, row.high); };
    table.rows.push_back({result.trajectories.paths[row.path], format_sigma(result.trajectories.levels[row.level]),
                          text(row.deviation), text(row.low) + " to " + text(row.high),
                          std::isnan(row.denoiser_deviation) ? "" : format_digits(row.denoiser_deviation, 3),
                          format_digits(row.rms, 3)});
  }
  return table;
}

// Distances of the final samples, each beside the nearest other path's.
Table end_numbers(const CompareResult& result, const std::vector<EndDistance>& ends, const std::string& measure) {
  const auto& names = result.trajectories.paths;
  Table table;
  table.columns = {"reference", measure, "standard deviation over seeds", "less that of", "95 % interval", "nearer at"};
  for (const EndDistance& one : ends) {
    const auto text = [&](double value) { return format_measured(value, one.difference_low, one.difference_high); };
    std::vector<Cell> cells = {names[static_cast<size_t>(one.path)], format_measured(one.mean, one.low, one.high),
                               format_digits(one.std, 2)};
    if (one.other < 0 || std::isnan(one.difference)) {
      cells.resize(cells.size() + 3);
    } else {
      cells.emplace_back(fmt::format("{}: {}", names[static_cast<size_t>(one.other)], text(one.difference)));
      cells.emplace_back(text(one.difference_low) + " to " + text(one.difference_high));
      cells.emplace_back(fmt::format("{:.0f} % of the seeds", 100 * one.nearer));
    }
    table.add(std::move(cells));
  }
  return table;
}

}  // namespace

std::optional<Figure> deviation_figure(const CompareView& view) {
  const CompareResult& result = view.result;
  const Trajectories& paths = result.trajectories;
  if (paths.paths.empty()) return std::nullopt;
  Figure figure;
  figure.title = title_of(result);
  figure.caption = fmt::format(
      "{} over {} steps ({} evaluations) from {} seeds; the closed form of the Gaussian needs none. The thin line is at "
      "1 %. Bands are 95 % bootstrap intervals over seeds.{}{}",
      paths.solver, paths.levels.size() - 1, paths.nfe, paths.state.size(1),
      paths.levels.back() > 0 ? "" : " The end, at σ = 0, is in the table.",
      paths.space == PathSpace::kVp
          ? " States in the VP view, x / √(1 + σ²): of ratios at one level it changes nothing, "
            "of the root mean square in the table it does."
          : "");
  figure.data_file = "trajectory.csv";
  figure.numbers = deviation_numbers(result);
  const Axis x = sigma_axis(paths.levels);
  std::vector<std::string> ends;
  for (size_t r = 0; r < paths.paths.size(); ++r) {
    ends.push_back(fmt::format("{} {}", paths.paths[r], format_digits(last_row(result, r).deviation, 2)));
  }
  const std::string at_end = " At the end: " + join(ends, ", ") + ".";
  const bool quarters = view.band == PathBand::kQuartiles;
  if (quarters) figure.caption += " In the first chart they are the quartiles over seeds instead.";
  const ShowPath shown = quarters ? quartiles : state;
  figure.charts = {
      {line_chart({x, {panel_of(result, "state, ‖x − x_ref‖² / ‖x‖²", shown)}}),
       "Relative squared distance of the reference's trajectory from the model's over the noise level." + at_end},
      {line_chart({x, {panel_of(result, "denoiser, ‖D − D_ref‖² / ‖D‖²", denoised)}}),
       "Relative squared distance of the denoised estimates along the trajectories over the noise level."}};
  return figure;
}

Figure same_seeds_figure(const CompareView& view) {
  const CompareResult& result = view.result;
  const Trajectories& paths = result.trajectories;
  const std::string how = fmt::format("{}, {} NFE", paths.solver, paths.nfe);
  std::vector<SampleSet> sets = {{view.model, "network", paths.samples[0], {how}}};
  for (size_t r = 0; r < paths.paths.size(); ++r) {
    if (paths.counts[r] == 0) continue;
    const bool closed = paths.paths[r].find("closed form") != std::string::npos;
    const TrajectoryRow& row = last_row(result, r);
    sets.push_back({paths.paths[r],
                    paths.kinds[r],
                    paths.samples[static_cast<int64_t>(r) + 1].narrow(0, 0, paths.counts[r]),
                    {closed ? "closed form, 0 NFE" : how,
                     fmt::format("rms difference to the model's: {}", format_digits(row.rms, 3))}});
  }
  Figure figure = sample_figure("The same seeds at the same places",
                                fmt::format("Samples of {} seeds, each path from the same noise.", paths.state.size(1)),
                                sets);
  figure.data_file = "ends.csv";
  figure.numbers = end_numbers(result, result.ends, "mean square difference");
  return figure;
}

std::optional<Figure> perceptual_figure(const CompareView& view) {
  const CompareResult& result = view.result;
  if (result.perceptual_ends.empty()) return std::nullopt;
  const auto& names = result.trajectories.paths;
  const EndDistance& nearest = *std::ranges::min_element(result.perceptual_ends, {}, &EndDistance::mean);
  const auto styles = series_styles(result.trajectories.kinds);
  Panel panel{{"part of the seeds", Scale::kLinear, std::pair(0.0, 1.02)}, {}, {}, 200};
  for (const EndDistance& one : result.perceptual_ends) {
    const auto path = static_cast<size_t>(one.path);
    panel.series.push_back(
        part_series(names[path], styles[path], result.perceptual[one.path].narrow(0, 0, one.samples)));
  }
  Figure figure;
  figure.title = fmt::format("To the perceptual network, {} ends nearest to the model: {} on average",
                             names[static_cast<size_t>(nearest.path)],
                             format_measured(nearest.mean, nearest.low, nearest.high));
  figure.caption =
      "Part of the seeds whose final sample is nearer to the model's of the same noise than the distance on the axis.";
  figure.data_file = "perceptual.csv";
  figure.numbers = end_numbers(result, result.perceptual_ends, "perceptual distance");
  figure.charts = {{line_chart({{"perceptual distance", Scale::kLinear, {}}, {panel}}), figure.title + "."}};
  return figure;
}

}  // namespace farfield
