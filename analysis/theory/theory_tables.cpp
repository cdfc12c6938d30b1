#include "analysis/theory/theory_tables.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "analysis/stats/ratio_cell.h"
#include "analysis/theory/noise_map.h"
#include "analysis/theory/rotation.h"

namespace farfield {
namespace {

void add_columns(Table& table, const std::string& measure) {
  for (const char* part : {"", "_std", "_low", "_high"}) table.columns.push_back(measure + part);
}

void add_cells(std::vector<Cell>& cells, const Curve& curve, size_t level) {
  for (const auto* part : {&curve.mean, &curve.std, &curve.low, &curve.high}) {
    cells.push_back(level < part->size() ? ratio_cell((*part)[level]) : Cell());
  }
}

std::vector<double> first_row(const torch::Tensor& values) {
  const torch::Tensor row = values[0].contiguous();
  return {row.const_data_ptr<double>(), row.const_data_ptr<double>() + row.numel()};
}

}  // namespace

std::vector<std::string> measured_paths(const TheoryRun& run) {
  std::vector<std::string> paths;
  for (const char* path : {"model", "gaussian"}) {
    if (run.paths.contains(std::string(path) + "_share")) paths.emplace_back(path);
  }
  return paths;
}

Curve path_curve(const TheoryRun& run, const std::string& path, const std::string& measure) {
  return curve_of(run.paths.at(path + "_" + measure));
}

Curve path_curve_along(const TheoryRun& run, const std::string& path, const std::string& measure, int64_t k) {
  return curve_of(run.paths.at(path + "_" + measure).select(2, k).contiguous());
}

Curve angle_curve(const TheoryRun& run, const std::string& path) {
  const torch::Tensor at = run.paths.at(path + "_coordinates"), x = at.select(2, 0), y = at.select(2, 1);
  const torch::Tensor angle = torch::atan2(y, x) * (180 / std::numbers::pi);
  const torch::Tensor none = torch::full({}, std::nan(""), torch::kFloat64);
  return curve_of(torch::where((x == 0) & (y == 0), none, angle).contiguous());
}

Curve response_curve(const TheoryRun& run, const std::string& measure, int64_t k) {
  return curve_of(run.perturbations.at(measure).select(2, k).contiguous());
}

double perturbation_theory(const TheoryRun& run, int64_t k, size_t level) {
  if (k >= run.directions.size()) return 0;
  return amplification(run.directions.eigenvalues[static_cast<size_t>(k)], ve_scale(run.perturbed_levels[level]));
}

std::optional<double> perturbation_deviation(const TheoryRun& run) {
  double missed = 0, all = 0;
  for (int64_t k = 0; !run.perturbations.empty() && k < run.directions.size(); ++k) {
    const Curve along = response_curve(run, "along", k);
    for (size_t m = 0; m < run.perturbed_levels.size(); ++m) {
      missed += std::fabs(along.mean[m] - perturbation_theory(run, k, m));
      all += perturbation_theory(run, k, m);
    }
  }
  return all > 0 ? std::optional(missed / all) : std::nullopt;
}

std::vector<double> levels_with_denoised(const TheoryRun& run) { return {run.levels.begin(), run.levels.end() - 1}; }

Table curves_table(const TheoryRun& run) {
  Table table{.columns = {"process", "time", "alpha", "s", "sigma", "component", "eigenvalue", "psi", "xi",
                          "xi_over_root", "xi_rate", "amplification"},
              .rows = {}};
  const NoiseScale start = run.process.start();
  for (size_t k = 0; k < run.eigenvalues.size(); ++k) {
    const double l = run.eigenvalues[k];
    for (const ProcessPoint& point : run.process.points) {
      const NoiseScale at = point.scale;
      const double denoised = xi(l, at, start);
      table.add({run.process.name, point.time, at.alpha, at.s, at.sigma(),
                 k < run.curve_components.size() ? Cell(run.curve_components[k]) : Cell(), l, psi(l, at, start),
                 denoised, l > 0 ? Cell(denoised / std::sqrt(l)) : Cell(), xi_rate(l, run.process, point),
                 amplification(l, at)});
    }
  }
  return table;
}

Table rotation_table(const TheoryRun& run) {
  Table table{.columns = {"path", "sigma", "alpha", "samples"}, .rows = {}};
  for (const char* measure : {"error", "share", "x", "y", "angle"}) add_columns(table, measure);
  table.columns.insert(table.columns.end(), {"expected_error", "error_bound", "printed_bound"});
  for (const std::string& path : measured_paths(run)) {
    const Curve error = path_curve(run, path, "rotation_error"), share = path_curve(run, path, "share");
    const Curve x = path_curve_along(run, path, "coordinates", 0), y = path_curve_along(run, path, "coordinates", 1);
    const Curve angle = angle_curve(run, path);
    for (size_t n = 0; n < run.levels.size(); ++n) {
      const double alpha = vp_alpha(run.levels[n]);
      std::vector<Cell> cells = {path, run.levels[n], alpha, error.count[n]};
      for (const Curve* curve : {&error, &share, &x, &y, &angle}) add_cells(cells, *curve, n);
      cells.insert(cells.end(), {expected_rotation_error(run.gaussian, alpha), rotation_error_bound(run.gaussian),
                                 printed_rotation_bound(run.gaussian)});
      table.add(std::move(cells));
    }
  }
  return table;
}

Table conserved_table(const TheoryRun& run) {
  Table table{.columns = {"path", "sigma"}, .rows = {}};
  for (const char* measure : {"drift", "prediction_error", "denoised_error"}) add_columns(table, measure);
  table.columns.emplace_back("denoised_nearer");
  for (const std::string& path : measured_paths(run)) {
    const Curve drift = path_curve(run, path, "drift"), predicted = path_curve(run, path, "prediction_error");
    const Curve denoised = path_curve(run, path, "denoised_error");
    const torch::Tensor nearer = (run.paths.at(path + "_denoised_error") <= run.paths.at(path + "_prediction_error"))
                                     .to(torch::kFloat64)
                                     .mean(0);
    for (size_t n = 0; n + 1 < run.levels.size(); ++n) {
      std::vector<Cell> cells = {path, run.levels[n]};
      for (const Curve* curve : {&drift, &predicted, &denoised}) add_cells(cells, *curve, n);
      cells.emplace_back(nearer[static_cast<int64_t>(n)].item<double>());
      table.add(std::move(cells));
    }
  }
  return table;
}

Table prediction_table(const TheoryRun& run) {
  Table table{.columns = {"path", "component", "eigenvalue", "critical_sigma", "sigma"}, .rows = {}};
  for (const char* measure : {"prediction_error", "denoised_error"}) add_columns(table, measure);
  for (const std::string& path : measured_paths(run)) {
    for (int64_t k = 0; k < run.directions.size(); ++k) {
      const Curve predicted = path_curve_along(run, path, "prediction_along", k);
      const Curve denoised = path_curve_along(run, path, "denoised_along", k);
      const double eigenvalue = run.directions.eigenvalues[static_cast<size_t>(k)];
      for (size_t n = 0; n + 1 < run.levels.size(); ++n) {
        std::vector<Cell> cells = {path, run.directions.components[static_cast<size_t>(k)], eigenvalue,
                                   std::sqrt(eigenvalue), run.levels[n]};
        for (const Curve* curve : {&predicted, &denoised}) add_cells(cells, *curve, n);
        table.add(std::move(cells));
      }
    }
  }
  return table;
}

Table perturbation_table(const TheoryRun& run) {
  Table table{.columns = {"component", "eigenvalue", "sigma", "theory", "theory_vp", "samples"}, .rows = {}};
  for (const char* measure : {"along", "size"}) add_columns(table, measure);
  const int64_t directions = run.perturbations.empty() ? 0 : run.perturbations.at("along").size(2);
  for (int64_t k = 0; k < directions; ++k) {
    const Curve along = response_curve(run, "along", k), size = response_curve(run, "size", k);
    const bool off = k >= run.directions.size();
    for (size_t m = 0; m < run.perturbed_levels.size(); ++m) {
      const double sigma = run.perturbed_levels[m], theory = perturbation_theory(run, k, m);
      std::vector<Cell> cells = {off ? Cell() : Cell(run.directions.components[static_cast<size_t>(k)]),
                                 off ? 0.0 : run.directions.eigenvalues[static_cast<size_t>(k)],
                                 sigma,
                                 theory,
                                 theory / vp_alpha(sigma),
                                 along.count[m]};
      for (const Curve* curve : {&along, &size}) add_cells(cells, *curve, m);
      table.add(std::move(cells));
    }
  }
  return table;
}

Table noise_map_table(const TheoryRun& run) {
  Table table{.columns = {"component", "eigenvalue", "expected_share", "coefficient"}, .rows = {}};
  const std::vector<std::string> paths = measured_paths(run);
  for (const std::string& path : paths) {
    table.columns.push_back(path + "_first");
    add_columns(table, path + "_share");
  }
  if (paths.empty()) return table;
  const torch::Tensor expected = expected_shares(run.gaussian, run.levels[0],
                                                 run.paths.at(paths[0] + "_coefficient").size(1));
  const std::vector<double> coefficient = first_row(run.paths.at(paths[0] + "_coefficient"));
  std::vector<Curve> shares;
  std::vector<std::vector<double>> first;
  for (const std::string& path : paths) {
    shares.push_back(path_curve(run, path, "energy_share"));
    first.push_back(first_row(run.paths.at(path + "_energy_share")));
  }
  for (size_t k = 0; k < coefficient.size(); ++k) {
    const auto row = static_cast<int64_t>(k);
    std::vector<Cell> cells = {row + 1, run.gaussian.eigenvalues[row].item<double>(), expected[row].item<double>(),
                               coefficient[k]};
    for (size_t p = 0; p < paths.size(); ++p) {
      cells.push_back(ratio_cell(first[p][k]));
      add_cells(cells, shares[p], k);
    }
    table.add(std::move(cells));
  }
  return table;
}

}  // namespace farfield
