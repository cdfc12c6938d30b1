#include "analysis/geometry/geometry_summary.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

#include <nlohmann/json.hpp>

#include "analysis/geometry/chord_measure.h"

namespace farfield {
namespace {

constexpr double kSame = 1e-12;  // relative: means that differ by less are equal

// The mean of what is finite.
double mean_of_finite(const std::vector<double>& values) {
  double sum = 0;
  int64_t count = 0;
  for (const double value : values) {
    if (!std::isfinite(value)) continue;
    sum += value;
    ++count;
  }
  return count > 0 ? sum / static_cast<double>(count) : kNoValue;
}

double least_of(const std::vector<double>& values) {
  double least = kNoValue;
  for (const double value : values) {
    if (std::isfinite(value) && !(value >= least)) least = value;
  }
  return least;
}

ChordSummary chord_summary(const GeometryRun& run, const Arrays& arrays, const Curve& deviation,
                           const std::string& suffix) {
  ChordSummary chord;
  chord.endpoint_distance = average_of(arrays.at("endpoint_distance" + suffix)).mean;
  for (size_t n = 0; n < deviation.mean.size(); ++n) {
    const bool larger = n == 0 || deviation.mean[n] > chord.max_mean_deviation;
    if (!std::isfinite(deviation.mean[n]) || !larger) continue;
    chord.max_mean_deviation = deviation.mean[n];
    chord.max_mean_deviation_sigma = run.levels[n];
  }
  const torch::Tensor values = arrays.at("deviation" + suffix);
  chord.mean_max_deviation = average_of(values.nan_to_num(0).amax(1)).mean;
  chord.deviation_ratio = chord.endpoint_distance > 0 ? chord.max_mean_deviation / chord.endpoint_distance : kNoValue;
  chord.zero_chords = arrays.at("has_chord" + suffix).eq(0).sum().item<int64_t>();
  return chord;
}

// Where `fails(n)` for a step from level n to n + 1 that both have a value; named by the lower level.
std::vector<double> levels_where(const GeometryRun& run, const Curve& curve, const std::function<bool(size_t)>& fails) {
  std::vector<double> levels;
  for (size_t n = 0; n + 1 < curve.mean.size(); ++n) {
    if (std::isfinite(curve.mean[n]) && std::isfinite(curve.mean[n + 1]) && fails(n))
      levels.push_back(run.levels[n + 1]);
  }
  return levels;
}

std::vector<double> where_rising(const GeometryRun& run, const Curve& curve) {
  return levels_where(run, curve, [&](size_t n) { return curve.mean[n + 1] > curve.mean[n] * (1 + kSame); });
}

std::vector<double> where_falling(const GeometryRun& run, const Curve& curve) {
  return levels_where(run, curve, [&](size_t n) { return curve.mean[n + 1] < curve.mean[n] * (1 - kSame); });
}

std::vector<Observation> observations_of(const GeometryRun& run, const std::map<std::string, Curve>& curves) {
  const Curve &of_x = curves.at("distance"), &of_d = curves.at("distance_d");
  std::vector<double> denoising_further;
  for (size_t n = 0; n < of_d.mean.size(); ++n) {
    if (of_d.mean[n] > of_x.mean[n] * (1 + kSame)) denoising_further.push_back(run.levels[n]);
  }
  return {{"norm_x_falls", "‖x‖ falls from level to level", where_rising(run, curves.at("norm_x"))},
          {"norm_d_rises", "‖D‖ rises from level to level", where_falling(run, curves.at("norm_d"))},
          {"distance_falls", "x comes nearer to its end from level to level", where_rising(run, of_x)},
          {"distance_d_falls", "D comes nearer to its end from level to level", where_rising(run, of_d)},
          {"denoising_is_nearer", "D is nearer to its end than x to its own at every level", denoising_further}};
}

}  // namespace

PathSummary summarise_path(const GeometryRun& run, const MeasuredPaths& path) {
  PathSummary summary;
  for (const std::string& name : kLevelMeasures) summary.curves[name] = curve_of(path.arrays.at(name));
  for (int64_t k = 0; k < 5; ++k) {
    const torch::Tensor errors = path.arrays.at("reconstruction").select(1, k).contiguous();
    summary.explained[k] = average_of(path.arrays.at("explained").select(1, k).contiguous());
    summary.reconstruction[k] = average_of(errors.mean(1));
    summary.errors[k] = curve_of(errors);
  }
  summary.states = chord_summary(run, path.arrays, summary.curves["deviation"], "");
  summary.denoised = chord_summary(run, path.arrays, summary.curves["deviation_d"], "_d");
  summary.min_cos_end = least_of(summary.curves["cos_end"].mean);
  summary.min_cos_step = least_of(summary.curves["cos_step"].mean);
  summary.length = average_of(path.arrays.at("length"));
  summary.total_turning = average_of(path.arrays.at("total_turning"));
  summary.step_turning = average_of(path.arrays.at("step_turning"));
  const double root = std::sqrt(static_cast<double>(run.dimensions));
  summary.length_over_sigma_sqrt_d = summary.length.mean / (run.levels.front() * root);
  summary.norm_eps_over_sqrt_d = mean_of_finite(summary.curves["norm_eps"].mean) / root;
  summary.observations = observations_of(run, summary.curves);
  return summary;
}

nlohmann::ordered_json summary_of(const PathSummary& summary) {
  nlohmann::ordered_json json;
  const auto add_chord = [&](const ChordSummary& chord, const std::string& suffix) {
    json["endpoint_distance" + suffix] = chord.endpoint_distance;
    json["max_mean_deviation" + suffix] = chord.max_mean_deviation;
    json["max_mean_deviation_sigma" + suffix] = chord.max_mean_deviation_sigma;
    json["mean_max_deviation" + suffix] = chord.mean_max_deviation;
    json["deviation_ratio" + suffix] = chord.deviation_ratio;
    json["zero_chords" + suffix] = chord.zero_chords;
  };
  add_chord(summary.states, "");
  add_chord(summary.denoised, "_d");
  json["min_cos_end"] = summary.min_cos_end;
  json["min_cos_step"] = summary.min_cos_step;
  json["total_turning"] = summary.total_turning.mean;
  json["step_turning"] = summary.step_turning.mean;
  json["length"] = summary.length.mean;
  json["length_over_sigma_sqrt_d"] = summary.length_over_sigma_sqrt_d;
  json["norm_eps_over_sqrt_d"] = summary.norm_eps_over_sqrt_d;
  for (int k = 0; k < 5; ++k) json["explained_" + std::to_string(k + 1)] = summary.explained[k].mean;
  for (int k = 0; k < 5; ++k) json["reconstruction_" + std::to_string(k + 1) + "d"] = summary.reconstruction[k].mean;
  for (const Observation& one : summary.observations)
    json["observations"][one.name] = {{"holds", one.holds()}, {"not_at", one.not_at}};
  return json;
}

}  // namespace farfield
