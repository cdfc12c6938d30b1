#include "analysis/modes/modes_run.h"

#include <algorithm>

#include <fmt/format.h>

#include "analysis/neighbours/neighbour_rows.h"
#include "analysis/stats/ratio_cell.h"
#include "core/error.h"
#include "core/limits.h"
#include "core/number_list.h"
#include "core/progress.h"
#include "core/text.h"
#include "models/analytic/fit.h"

namespace farfield {
namespace {

void check_starts(const ModesInputs& inputs) {
  if (!inputs.starts.defined()) return;
  const DataInfo& data = inputs.data->info();
  if (inputs.starts.sizes().slice(1) == torch::IntArrayRef(data.shape)) return;
  throw usage_error(fmt::format("modes: starts of shape [{}], but samples of {} are [{}]; give starts of that shape",
                                join(inputs.starts.sizes().slice(1), ","), data.name, join(data.shape, ",")));
}

// The nearest data point of every mode; none without modes.
Neighbours nearest_to(const torch::Tensor& modes, const DataSource& data) {
  std::vector<int64_t> shape = data.info().shape;
  shape.insert(shape.begin(), modes.size(0));
  return nearest_neighbours(modes.reshape(shape), data, 1);
}

torch::Tensor basin_sizes(const ModeSet& set) {
  const torch::Tensor settled = set.basin.index({set.basin >= 0});
  return torch::bincount(settled, {}, set.modes.size(0));
}

}  // namespace

std::vector<double> parse_bandwidths(const std::string& text) {
  std::vector<double> bandwidths = parse_number_list(text, "--bandwidth");
  if (bandwidths.empty()) throw usage_error("--bandwidth: no number; give 0.5, a list 0.1,0.5,1 or LOW:HIGH:COUNT");
  for (const double h : bandwidths) {
    if (!limits::is_sigma(h)) {
      throw usage_error(fmt::format("--bandwidth: {}, expected numbers from {} to {}", format_double(h),
                                    format_double(limits::kLowestSigma), format_double(limits::kHighestSigma)));
    }
  }
  if (std::ranges::adjacent_find(bandwidths) != bandwidths.end())
    throw usage_error("--bandwidth: a number is named twice; name it once");
  return bandwidths;
}

ModesRun run_modes(ModesInputs inputs, Comm& comm) {
  check_starts(inputs);
  ModesRun run{std::move(inputs), {}, {}};
  const torch::Tensor points = data_matrix(*run.inputs.data);
  const auto exact = make_delta(points, {points.size(1)});
  const torch::Tensor starts =
      (run.inputs.starts.defined() ? run.inputs.starts.reshape({-1, points.size(1)}) : points).to(torch::kFloat64);
  Progress progress("mean shift", starts.size(0) * static_cast<int64_t>(run.inputs.bandwidths.size()), "starts");
  for (const double h : run.inputs.bandwidths) {
    run.sets.push_back(
        find_modes(*exact, starts, h, run.inputs.options, [&](int64_t settled) { progress.advance(settled); }, comm));
    run.nearest.push_back(nearest_to(run.sets.back().modes, *run.inputs.data));
  }
  return run;
}

Table modes_table(const ModesRun& run) {
  Table table{
      .columns = {"bandwidth", "modes", "largest", "unsettled", "iterations_mean", "iterations_max", "rate_mean"},
      .rows = {}};
  for (size_t i = 0; i < run.sets.size(); ++i) {
    const ModeSet& set = run.sets[i];
    const bool any = set.modes.size(0) > 0;
    table.add({run.inputs.bandwidths[i], set.modes.size(0), any ? basin_sizes(set).max().item<int64_t>() : int64_t{0},
               set.unsettled, set.iterations.to(torch::kFloat64).mean().item<double>(),
               set.iterations.max().item<int64_t>(), ratio_cell(set.rate.nanmean().item<double>())});
  }
  return table;
}

Table basins_table(const ModesRun& run) {
  Table table{.columns = {"bandwidth", "mode", "starts", "log_density", "rank", "index", "label", "distance"},
              .rows = {}};
  for (size_t i = 0; i < run.sets.size(); ++i) {
    const ModeSet& set = run.sets[i];
    const torch::Tensor sizes = basin_sizes(set);
    for (int64_t mode = 0; mode < set.modes.size(0); ++mode) {
      add_neighbour_rows(
          run.nearest[i], mode, run.inputs.data->labels(),
          {run.inputs.bandwidths[i], mode, sizes[mode].item<int64_t>(), set.log_density[mode].item<double>()}, table);
    }
  }
  return table;
}

}  // namespace farfield
