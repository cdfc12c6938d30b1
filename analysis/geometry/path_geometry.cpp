#include "analysis/geometry/path_geometry.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <optional>

#include <ATen/Parallel.h>

#include "analysis/geometry/angle_measure.h"
#include "analysis/geometry/chord_measure.h"
#include "analysis/geometry/complement_measure.h"
#include "analysis/geometry/curvature_measure.h"
#include "analysis/geometry/tile.h"
#include "core/error.h"

namespace farfield {
namespace {

constexpr int64_t kDimensions = ComplementMeasure::kComponents;

// The measures of one trajectory: x is read twice, the second time for the errors of the reconstructions, D once.
class TrajectoryGeometry {
 public:
  TrajectoryGeometry(const PathScales& scales, const GeometryOptions& options)
      : states(static_cast<int64_t>(scales.levels.size())),
        denoised(static_cast<int64_t>(scales.levels.size()) - 1),
        angles(scales),
        complement(static_cast<int64_t>(scales.levels.size()), options.centred),
        scale_(options.space == PathSpace::kVp ? scales.state.data() : nullptr),
        x_(static_cast<int64_t>(scales.levels.size())),
        d_(static_cast<int64_t>(scales.levels.size()) - 1) {
    if (options.space == PathSpace::kVe) curvature.emplace(scales.levels);
  }

  void measure(const TrajectoryRows& x, const TrajectoryRows& d) {
    for (int64_t first = 0; first < x.size; first += Tile::kColumns) {
      x_.load(x, first, scale_);
      d_.load(d, first);
      if (first == 0) begin();
      states.add(x_);
      denoised.add(d_);
      angles.add(x_, d_);
      complement.add(x_, states);
      if (curvature) curvature->add(x_, d_);
    }
    states.finish();
    denoised.finish();
    angles.finish(states, denoised);
    if (curvature) curvature->finish(states, denoised);
    complement.settle(states);
    for (int64_t first = 0; first < x.size; first += Tile::kColumns) {
      x_.load(x, first, scale_);
      complement.add_errors(x_, states);
    }
    complement.finish(states);
  }

  ChordMeasure states, denoised;
  AngleMeasure angles;
  ComplementMeasure complement;
  std::optional<CurvatureMeasure> curvature;

 private:
  void begin() {
    states.begin(x_);
    denoised.begin(d_);
    angles.begin(x_, d_);
    if (curvature) curvature->begin(x_, d_);
  }

  const double* scale_;  // of the states; nullptr: 1
  Tile x_, d_;
};

std::vector<double> each(const std::vector<VectorAngle>& angles, double VectorAngle::* member) {
  std::vector<double> values;
  for (const VectorAngle& angle : angles) values.push_back(angle.*member);
  return values;
}

// Rows of arrays [B, ...], written trajectory by trajectory.
class Rows {
 public:
  Rows(int64_t batch, int64_t levels) : batch_(batch) {
    for (const std::string& name : kLevelMeasures) add(name, {levels});
    add("along", {levels});
    add("across", {levels, 2});
    add("reconstruction", {kDimensions, levels});
    add("component_weights", {kDimensions - 1, levels});
    for (const char* name : {"explained", "eigenvalues"}) add(name, {kDimensions});
    for (const char* name : {"endpoint_distance", "endpoint_distance_d", "length", "total_turning", "step_turning",
                             "has_chord", "has_chord_d"})
      add(name, {});
  }

  void set(const char* name, int64_t trajectory, const std::vector<double>& values) {
    torch::Tensor& array = arrays.at(name);
    const int64_t size = array.numel() / batch_;
    check(static_cast<int64_t>(values.size()) <= size, "measure_geometry: a row is too long");
    std::ranges::copy(values, array.mutable_data_ptr<double>() + trajectory * size);
  }

  Arrays arrays;

 private:
  void add(const std::string& name, std::vector<int64_t> shape) {
    shape.insert(shape.begin(), batch_);
    arrays[name] = torch::full(shape, kNoValue, torch::kFloat64);
  }

  int64_t batch_;
};

void write_rows(const TrajectoryGeometry& one, int64_t b, Rows& rows) {
  rows.set("norm_x", b, one.states.norm);
  rows.set("norm_d", b, one.denoised.norm);
  rows.set("norm_eps", b, one.angles.norm_eps);
  rows.set("deviation", b, one.states.deviation);
  rows.set("distance", b, one.states.distance);
  rows.set("deviation_d", b, one.denoised.deviation);
  rows.set("distance_d", b, one.denoised.distance);
  rows.set("cos_end", b, each(one.angles.to_end, &VectorAngle::cosine));
  rows.set("angle_end", b, each(one.angles.to_end, &VectorAngle::degrees));
  rows.set("cos_step", b, each(one.angles.step, &VectorAngle::cosine));
  const std::vector<double> turns = each(one.angles.step, &VectorAngle::degrees);
  rows.set("angle_step", b, turns);
  std::vector<double> along = one.states.along, across;
  for (size_t n = 0; n < along.size(); ++n) {
    along[n] *= one.states.length;
    across.insert(across.end(), {one.complement.across_1[n], one.complement.across_2[n]});
  }
  rows.set("along", b, along);
  rows.set("across", b, across);
  rows.set("reconstruction", b, one.complement.errors);
  rows.set("component_weights", b, one.complement.component_weights());
  rows.set("explained", b, one.complement.explained);
  rows.set("eigenvalues", b, one.complement.eigenvalues);
  rows.set("endpoint_distance", b, {one.states.length});
  rows.set("endpoint_distance_d", b, {one.denoised.length});
  const auto sum = [](const std::vector<double>& values) {
    double total = 0;
    for (const double value : values) total += std::isfinite(value) ? value : 0;
    return total;
  };
  rows.set("length", b, {sum(one.angles.step_length)});
  rows.set("step_turning", b, {sum(turns) * std::numbers::pi / 180});
  rows.set("has_chord", b, {one.states.has_direction ? 1. : 0.});
  rows.set("has_chord_d", b, {one.denoised.has_direction ? 1. : 0.});
  if (!one.curvature) return;
  rows.set("curvature", b, one.curvature->curvature);
  rows.set("torsion", b, one.curvature->torsion);
  rows.set("total_turning", b, {one.curvature->total_turning});
}

}  // namespace

Arrays measure_geometry(const Path& path, const GeometryOptions& options) {
  const int64_t levels = path.states.size(0), batch = path.states.size(1);
  check(levels >= 2 && levels <= kMostGeometryLevels && path.denoised.size(0) == levels - 1 &&
            path.levels.size() == static_cast<size_t>(levels) && path.denoised[0].sizes() == path.states[0].sizes(),
        "measure_geometry: states at 2 to 4,096 levels, and D at all but the last");
  const PathScales scales(path.levels, options.space);
  Rows rows(batch, levels);
  at::parallel_for(0, batch, /*grain_size=*/1, [&](int64_t begin, int64_t end) {
    for (int64_t b = begin; b < end; ++b) {
      TrajectoryGeometry one(scales, options);
      one.measure(trajectory_rows(path.states, b), trajectory_rows(path.denoised, b));
      write_rows(one, b, rows);
    }
  });
  return std::move(rows.arrays);
}

std::vector<std::string> geometry_names() {
  std::vector<std::string> names;
  for (const auto& [name, array] : Rows(1, 2).arrays) names.push_back(name);
  return names;
}

}  // namespace farfield
