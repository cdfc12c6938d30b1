#include "tools/sample_files.h"

#include <algorithm>
#include <cmath>

#include <nlohmann/json.hpp>

#include "core/io/image.h"
#include "core/io/json.h"
#include "core/io/npz.h"
#include "core/io/rows.h"
#include "core/text.h"

namespace farfield::tools {
namespace {

using nlohmann::ordered_json;

constexpr int64_t kTilePixels = 64;

// Infinity is no JSON number.
ordered_json number(double value) {
  return std::isfinite(value) ? ordered_json(value) : ordered_json(format_double(value));
}

void write_grid(const RunFolder& folder, const torch::Tensor& images,
                const std::map<std::string, std::string>& settings) {
  const int64_t zoom = std::max<int64_t>(1, kTilePixels / images.size(1));
  write_png(folder.path("samples.png"), image_grid(images, /*columns=*/0, /*gap=*/2, zoom), settings);
}

void write_points(const RunFolder& folder, const Samples& samples) {
  Table table{.columns = {"seed"}, .rows = {}};
  for (int64_t i = 0; i < samples.x.size(1); ++i) table.columns.push_back("x" + std::to_string(i));
  const auto values = samples.x.accessor<double, 2>();
  const auto seeds = samples.seeds.accessor<int64_t, 1>();
  for (int64_t n = 0; n < values.size(0); ++n) {
    std::vector<Cell> row = {seeds[n]};
    for (int64_t i = 0; i < values.size(1); ++i) row.emplace_back(values[n][i]);
    table.add(std::move(row));
  }
  write_csv(folder.path("samples.csv"), table);
}

}  // namespace

std::string request_json(const SampleRequest& request) {
  ordered_json json;
  json["levels"] = request.levels;
  json["levels_run"] = request.levels_run();
  json["churn"] = {{"s_churn", request.churn.s_churn},
                   {"s_min", request.churn.s_min},
                   {"s_max", number(request.churn.s_max)},
                   {"s_noise", request.churn.s_noise}};
  json["class"] = request.label ? ordered_json(*request.label) : ordered_json();
  json["afs"] = request.afs;
  json["threshold"] = request.threshold ? ordered_json(*request.threshold) : ordered_json();
  json["denoise_to_zero"] = request.denoise_to_zero;
  json["ode_jump"] = request.ode_jump ? ordered_json(request.levels_run().back()) : ordered_json();
  json["teleport"] = request.teleport ? ordered_json(request.levels_run().front()) : ordered_json();
  json["batch"] = request.batch;
  json["trajectory"] = request.trajectory;
  json["state"] = "float64 on " + request.device.str();
  return dump_json(json);
}

std::string result_json(const Samples& samples) {
  const int64_t count = samples.x.size(0);
  return dump_json(ordered_json{{"samples", count},
                                {"nfe_per_sample", samples.nfe},
                                {"seconds", samples.seconds},
                                {"seconds_per_sample", samples.seconds / static_cast<double>(count)}});
}

std::string result_json(const ShardedSamples& samples) {
  const int64_t drawn = samples.index.samples - samples.kept;
  return dump_json(ordered_json{
      {"samples", samples.index.samples},
      {"nfe_per_sample", samples.nfe},
      {"seconds", samples.seconds},
      {"seconds_per_sample", drawn > 0 ? ordered_json(samples.seconds / static_cast<double>(drawn)) : ordered_json()},
      {"shards", samples.index.shards()},
      {"samples_kept", samples.kept}});
}

std::string summary_json(const std::string& result, const std::string& out) {
  auto summary = parse_json(result, "result");
  summary["out"] = out;
  return dump_json(summary);
}

void write_look(const RunFolder& folder, const Samples& samples, const std::map<std::string, std::string>& settings) {
  if (samples.x.dim() == 4) {
    const auto shown = samples.x.narrow(0, 0, std::min(samples.x.size(0), kShownSamples));
    write_grid(folder, to_bytes(drawable(shown)), settings);
  } else if (samples.x.dim() == 2) {
    write_points(folder, samples);
  }
}

void write_samples(const RunFolder& folder, const Samples& samples,
                   const std::map<std::string, std::string>& settings) {
  write_look(folder, samples, settings);
  write_npz(folder.path("samples.npz"), sample_arrays(samples));
}

}  // namespace farfield::tools
