#include "analysis/jump/jump.h"

#include <algorithm>
#include <cmath>

#include "analysis/neighbours/nearest_neighbours.h"
#include "analysis/paths/curve.h"
#include "analysis/paths/evaluations.h"
#include "analysis/paths/path_batches.h"
#include "core/error.h"
#include "samplers/integrate.h"

namespace farfield {
namespace {

constexpr int64_t kStripRows = 4, kStripLevels = 9;

// [B, rows of `points`]: |points_n - end|; points [rows, B, ...shape], end [B, ...shape].
torch::Tensor distances_to(const torch::Tensor& points, const torch::Tensor& end) {
  std::vector<torch::Tensor> rows;
  for (int64_t n = 0; n < points.size(0); ++n) rows.push_back((points[n] - end).flatten(1).norm(2, 1));
  return torch::stack(rows, 1);
}

// [B, rows of `points`]: the distance of each from the nearest data point.
torch::Tensor distances_to_nearest(const torch::Tensor& points, const DataSource& data) {
  std::vector<torch::Tensor> rows;
  for (int64_t n = 0; n < points.size(0); ++n)
    rows.push_back(nearest_neighbours(points[n], data, 1).distance.select(1, 0));
  return torch::stack(rows, 1);
}

Arrays measure_rows(const Path& path, const DataSource* data, const FeatureExtractor* extractor) {
  const torch::Tensor end = path.states[-1];
  Arrays arrays = {{"distance_x", distances_to(path.states, end)}, {"distance_d", distances_to(path.denoised, end)}};
  if (data != nullptr) {
    arrays["neighbour_x"] = distances_to_nearest(path.states, *data);
    arrays["neighbour_d"] = distances_to_nearest(path.denoised, *data);
  }
  if (extractor != nullptr) arrays.merge(jump_features(*extractor, path));
  return arrays;
}

// The first trajectories once more, for strips: their states are not kept.
void show(const Denoiser& model, const Solver& solver, const JumpOptions& options, Jump& jump) {
  const int64_t rows = std::min(kStripRows, static_cast<int64_t>(options.request.seeds.size()));
  SampleRequest request = options.request;
  request.on_evaluation = {};
  const Path path = in_space(run_path(model, solver, request, path_start(request, model.info(), {0, rows})),
                             options.space);
  for (int64_t row = 0; row < rows; ++row) jump.shown_rows.push_back(row);
  jump.shown_levels = spread_places(static_cast<int64_t>(jump.levels.size()) - 1, kStripLevels);
  jump.views = path_views(path, options.space, jump.shown_levels, rows);
}

void add_curve(Table& table, const std::string& name, const torch::Tensor& values) {
  const Curve curve = curve_of(values);
  const std::pair<const char*, const std::vector<double>&> columns[] = {
      {"mean", curve.mean}, {"std", curve.std}, {"low", curve.low}, {"high", curve.high}};
  for (const auto& [what, column] : columns) {
    table.columns.push_back(name + "_" + what);
    for (size_t n = 0; n < table.rows.size(); ++n) {
      const bool has = n < column.size() && std::isfinite(column[n]);
      table.rows[n].push_back(has ? Cell(column[n]) : Cell());
    }
  }
}

// What the Fréchet distances are taken in; null where none are asked for.
std::unique_ptr<FeatureExtractor> open_jump_features(const JumpOptions& options, const DenoiserInfo& model) {
  if (options.features.features.empty()) return nullptr;
  if (!options.data) throw usage_error("--features: Fréchet distances are distances from data; give them with --data");
  if (options.request.seeds.size() < 2 || options.data->info().count < 2)
    throw usage_error("--features: a Fréchet distance needs two trajectories and two data points or more");
  FeatureOptions how = options.features.options;
  if (!how.reference) how.reference = options.data;
  return open_features(options.features.features, model.sample_shape, how);
}

// The last column of a table: a value at each of the first rows.
void add_column(Table& table, const std::string& name, const std::vector<double>& values) {
  table.columns.push_back(name);
  for (size_t n = 0; n < table.rows.size(); ++n) {
    if (n < values.size()) {
      table.rows[n].emplace_back(values[n]);
    } else {
      table.rows[n].emplace_back();
    }
  }
}

}  // namespace

Jump measure_jump(const Denoiser& model, const Solver& solver, const JumpOptions& options, const PartStore& parts,
                  Comm& comm) {
  SampleRequest request = options.request;
  check_paths(request, solver, model.info());
  if (options.data) check_neighbours(model.info().sample_shape, options.data->info(), 1);
  const auto extractor = open_jump_features(options, model.info());
  Jump jump;
  jump.nfe = evaluations_at_levels(solver, request.levels);
  jump.levels = levels_visited(solver, request.levels, false);
  BatchWork work{"jumps",
                 static_cast<int64_t>(request.seeds.size()),
                 path_batch(request, solver),
                 jump.nfe.back(),
                 {"distance_x", "distance_d"},
                 {}};
  if (options.data) work.names.insert(work.names.end(), {"neighbour_x", "neighbour_d"});
  if (extractor) work.names.insert(work.names.end(), {"features_x", "features_d"});
  work.measure = [&](RowRange rows, Progress& progress) {
    request.on_evaluation = [&](int64_t samples) { progress.advance(samples); };
    const Path path = run_path(model, solver, request, path_start(request, model.info(), rows));
    return measure_rows(in_space(path, options.space), options.data.get(), extractor.get());
  };
  Arrays arrays = measure_batches(work, parts, comm);
  jump.distance_x = arrays["distance_x"];
  jump.distance_d = arrays["distance_d"];
  jump.neighbour_x = arrays["neighbour_x"];
  jump.neighbour_d = arrays["neighbour_d"];
  if (extractor) jump.frechet = jump_frechet(*extractor, arrays, options.data, comm);
  if (model.info().sample_shape.size() == 3) do_on_root(comm, [&] { show(model, solver, options, jump); });
  return jump;
}

Table jump_table(const Jump& jump) {
  Table table;
  table.columns = {"step", "sigma", "nfe_x", "nfe_d"};
  for (size_t n = 0; n < jump.levels.size(); ++n) {
    const bool last = n + 1 == jump.levels.size();
    table.rows.push_back({static_cast<int64_t>(n), jump.levels[n], jump.nfe[n], last ? Cell() : Cell(jump.nfe[n] + 1)});
  }
  add_curve(table, "distance_x", jump.distance_x);
  add_curve(table, "distance_d", jump.distance_d);
  if (jump.neighbour_x.defined()) {
    add_curve(table, "neighbour_x", jump.neighbour_x);
    add_curve(table, "neighbour_d", jump.neighbour_d);
  }
  if (jump.frechet) {
    add_column(table, "frechet_x", jump.frechet->x);
    add_column(table, "frechet_d", jump.frechet->d);
  }
  return table;
}

JumpSummary summarise(const Jump& jump) {
  const Curve x = curve_of(jump.distance_x), d = curve_of(jump.distance_d);
  JumpSummary summary{d.mean.front() / 2, {}, {}, {}};
  for (size_t n = x.mean.size(); n-- > 0;) {
    if (x.mean[n] <= summary.half_distance) summary.nfe_state = jump.nfe[n];
    if (n >= d.mean.size()) continue;
    if (d.mean[n] <= summary.half_distance) summary.nfe_jump = jump.nfe[n] + 1;
  }
  for (size_t n = 0; n < d.mean.size(); ++n) {
    if (!(d.mean[n] < x.mean[n])) summary.jump_farther.push_back(jump.levels[n]);
  }
  return summary;
}

}  // namespace farfield
