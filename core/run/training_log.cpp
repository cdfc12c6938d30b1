#include "core/run/training_log.h"

#include <cmath>
#include <limits>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/io/file.h"
#include "core/io/json.h"
#include "core/io/json_number.h"
#include "core/limits.h"
#include "core/text.h"

namespace farfield {
namespace fs = std::filesystem;
using nlohmann::json;
using nlohmann::ordered_json;
namespace {

constexpr const char *kLogFile = "log.jsonl", *kProbeFile = "probes.jsonl";
constexpr uint64_t kLogBytes = uint64_t{1} << 30;

fs::path cut_after(const fs::path& file, int64_t images) {
  if (!fs::exists(file)) return file;
  std::string kept;
  for (const auto& line : split(read_file(file, kLogBytes), '\n')) {
    const auto tick = json_or_null(line);
    if (!tick.is_object() || tick.value("images", images + 1) > images) break;
    kept += line + "\n";
  }
  write_file_atomically(file, kept);
  return file;
}

// Of images, steps or samples: as many as the longest run sees, which may go on to the end of a step.
int64_t count_of(const json& object, const char* key) {
  return whole_number(object.at(key), key, 0, 2 * limits::kMostImages);
}

Tick parse_tick(const json& line) {
  Tick tick;
  tick.images = count_of(line, "images");
  tick.step = count_of(line, "step");
  tick.loss = line.at("loss").get<double>();
  tick.learning_rate = line.at("learning_rate").get<double>();
  tick.images_per_second = line.at("images_per_second").get<double>();
  tick.seconds = line.at("seconds").get<double>();
  if (line.contains("skipped_steps")) tick.skipped_steps = count_of(line, "skipped_steps");
  for (const json& bin : line.at("loss_by_sigma")) {
    const json& to = bin.at("sigma_to");
    tick.by_sigma.push_back({bin.at("sigma_from").get<double>(),
                             to.is_null() ? std::numeric_limits<double>::infinity() : to.get<double>(),
                             count_of(bin, "count"), bin.at("loss").get<double>()});
  }
  return tick;
}

ProbeLine parse_probes(const json& line) {
  ProbeLine probes;
  probes.images = count_of(line, "images");
  for (const json& probe : line.at("probes")) {
    const json& explained = probe.at("explained");  // null: a ratio without meaning
    probes.rows.push_back({probe.at("reference").get<std::string>(), probe.at("sigma").get<double>(),
                           explained.is_null() ? std::numeric_limits<double>::quiet_NaN() : explained.get<double>()});
  }
  return probes;
}

// Every line of a JSON-lines file through `parse`; bad_file naming the line that fails.
template <class Line>
std::vector<Line> read_lines(const fs::path& path, Line (*parse)(const json&)) {
  std::vector<Line> lines;
  for (const std::string& text : split(read_file(path, kLogBytes), '\n')) {
    if (text.empty()) continue;
    const std::string where = fmt::format("{}: line {}", path.string(), lines.size() + 1);
    try {
      lines.push_back(parse(parse_json(text, where)));
    } catch (const json::exception& problem) {
      throw bad_file(where, problem.what());
    } catch (const std::out_of_range& problem) {
      throw bad_file(where, problem.what());
    }
  }
  return lines;
}

}  // namespace

TrainingLog::TrainingLog(const fs::path& folder, int64_t images) : lines_(cut_after(folder / kLogFile, images)) {}

void TrainingLog::append(const Tick& tick) {
  ordered_json bins = ordered_json::array();
  for (const auto& bin : tick.by_sigma) {
    bins.push_back({{"sigma_from", bin.sigma_from},
                    {"sigma_to", std::isfinite(bin.sigma_to) ? ordered_json(bin.sigma_to) : ordered_json()},
                    {"count", bin.count},
                    {"loss", bin.loss}});
  }
  const ordered_json line = {{"images", tick.images},
                             {"step", tick.step},
                             {"loss", tick.loss},
                             {"loss_by_sigma", bins},
                             {"learning_rate", tick.learning_rate},
                             {"images_per_second", tick.images_per_second},
                             {"seconds", tick.seconds},
                             {"skipped_steps", tick.skipped_steps}};
  lines_.append(dump_json(line));
}

ProbeLog::ProbeLog(const fs::path& folder, int64_t images) : lines_(cut_after(folder / kProbeFile, images)) {}

void ProbeLog::append(const ProbeLine& line) {
  ordered_json probes = ordered_json::array();
  for (const auto& row : line.rows) {
    probes.push_back({{"reference", row.reference}, {"sigma", row.sigma}, {"explained", row.explained}});
  }
  lines_.append(dump_json(ordered_json{{"images", line.images}, {"probes", probes}}));
}

std::vector<Tick> read_training_log(const fs::path& folder) { return read_lines(folder / kLogFile, parse_tick); }

std::vector<ProbeLine> read_probe_log(const fs::path& folder) {
  const fs::path path = folder / kProbeFile;
  return fs::exists(path) ? read_lines(path, parse_probes) : std::vector<ProbeLine>();
}

}  // namespace farfield
