#include "analysis/geometry/geometry_tables.h"

#include <algorithm>
#include <cmath>

#include "analysis/geometry/forward_process.h"
#include "analysis/geometry/view_alignment.h"

namespace farfield {

Cell number_cell(double value) { return std::isfinite(value) ? Cell(value) : Cell(); }

Table geometry_table(const GeometryRun& run, const PathSummary& summary) {
  const auto forward = run.forward.defined() ? std::optional(curve_of(run.forward)) : std::nullopt;
  const auto curve = [&](const std::string& name) -> const Curve* {
    if (name == "forward") return forward ? &*forward : nullptr;
    return &summary.curves.at(name);
  };
  Table table{.columns = {"sigma"}, .rows = {}};
  for (const std::string& name : kGeometryColumns) {
    table.columns.push_back(name + "_mean");
    table.columns.push_back(name + "_std");
  }
  for (size_t n = 0; n < run.levels.size(); ++n) {
    std::vector<Cell> row = {run.levels[n]};
    for (const std::string& name : kGeometryColumns) {
      const Curve* of = curve(name);
      row.push_back(of ? number_cell(of->mean[n]) : Cell());
      row.push_back(of ? number_cell(of->std[n]) : Cell());
    }
    table.add(std::move(row));
  }
  return table;
}

Table explained_table(const PathSummary& summary) {
  Table table{.columns = {"k", "mean", "std"}, .rows = {}};
  for (int64_t k = 0; k < 5; ++k)
    table.add({k + 1, number_cell(summary.explained[k].mean), number_cell(summary.explained[k].std)});
  return table;
}

Table reconstruction_table(const GeometryRun& run, const PathSummary& summary) {
  Table table{.columns = {"k", "sigma", "error_mean", "error_std"}, .rows = {}};
  for (int64_t k = 0; k < 5; ++k) {
    for (size_t n = 0; n < run.levels.size(); ++n)
      table.add({k, run.levels[n], number_cell(summary.errors[k].mean[n]), number_cell(summary.errors[k].std[n])});
  }
  return table;
}

Table forward_table(const GeometryRun& run) {
  const Curve curve = curve_of(run.forward_uniform);
  const std::vector<double> levels = forward_levels(run.levels.front());
  Table table{.columns = {"sigma", "mean", "std"}, .rows = {}};
  for (size_t n = 0; n < levels.size(); ++n) table.add({levels[n], curve.mean[n], curve.std[n]});
  return table;
}

torch::Tensor view_coordinates(const MeasuredPaths& path) {
  const torch::Tensor& along = path.arrays.at("along");
  const int64_t shown = std::min(along.size(0), kShownTrajectories);
  const torch::Tensor across = aligned_curves(path.arrays.at("across").narrow(0, 0, shown));
  return torch::cat({along.narrow(0, 0, shown).unsqueeze(2), across}, 2);
}

Table view_table(const GeometryRun& run, const MeasuredPaths& path) {
  const torch::Tensor view = view_coordinates(path);
  const auto points = view.accessor<double, 3>();
  Table table{.columns = {"trajectory", "sigma", "a", "b", "c"}, .rows = {}};
  for (int64_t i = 0; i < points.size(0); ++i) {
    for (int64_t n = 0; n < points.size(1); ++n)
      table.add({i, run.levels[n], points[i][n][0], points[i][n][1], points[i][n][2]});
  }
  return table;
}

Table curve_table(const GeometryRun& run, const std::vector<PathSummary>& summaries) {
  Table table{.columns = {"path", "measure", "sigma", "count", "mean", "std", "low", "high"}, .rows = {}};
  const auto add = [&](const std::string& path, const std::string& measure, const Curve& curve) {
    for (size_t n = 0; n < curve.mean.size(); ++n) {
      if (curve.count[n] == 0) continue;
      table.add({path, measure, run.levels[n], curve.count[n], number_cell(curve.mean[n]), number_cell(curve.std[n]),
                 number_cell(curve.low[n]), number_cell(curve.high[n])});
    }
  };
  for (size_t i = 0; i < summaries.size(); ++i) {
    for (const std::string& name : kLevelMeasures) add(run.paths[i].name, name, summaries[i].curves.at(name));
    for (size_t k = 0; k < 5; ++k)
      add(run.paths[i].name, "reconstruction_" + std::to_string(k + 1) + "d", summaries[i].errors[k]);
  }
  if (run.forward.defined()) add("data", "forward", curve_of(run.forward));
  return table;
}

Arrays geometry_arrays(const GeometryRun& run, const MeasuredPaths& path) {
  Arrays arrays = {{"sigma", torch::tensor(run.levels, torch::kFloat64)},
                   {"seeds", torch::tensor(run.request.sampling.seeds, torch::kInt64)}};
  for (const auto& [name, array] : path.arrays) arrays[name] = array.movedim(0, -1).contiguous();
  if (!path.suffix.empty()) return arrays;
  if (run.views.denoised.defined()) {
    arrays["strip_levels"] = torch::tensor(run.views.places, torch::kInt64);
    arrays["strip_denoised"] = run.views.denoised;
  }
  if (!run.forward.defined()) return arrays;
  arrays["forward"] = run.forward.t().contiguous();
  arrays["forward_uniform"] = run.forward_uniform.t().contiguous();
  arrays["forward_sigma"] = torch::tensor(forward_levels(run.levels.front()), torch::kFloat64);
  return arrays;
}

}  // namespace farfield
