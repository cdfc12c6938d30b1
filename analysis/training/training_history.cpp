#include "analysis/training/training_history.h"

#include <algorithm>
#include <limits>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/io/file.h"
#include "core/io/json.h"
#include "core/io/json_number.h"
#include "core/limits.h"
#include "core/text.h"
#include "models/registry/model_form.h"

namespace farfield {
namespace fs = std::filesystem;
using nlohmann::json;
namespace {

constexpr uint64_t kLogBytes = uint64_t{1} << 28;

// Of images, steps or samples: as many as the longest run sees, which may go on to the end of a step.
int64_t count_of(const json& object, const char* key) {
  return whole_number(object.at(key), key, 0, 2 * limits::kMostImages);
}

TrainingTick parse_tick(const json& line) {
  TrainingTick tick;
  tick.images = count_of(line, "images");
  tick.step = count_of(line, "step");
  tick.loss = line.at("loss").get<double>();
  tick.learning_rate = line.at("learning_rate").get<double>();
  tick.images_per_second = line.at("images_per_second").get<double>();
  tick.seconds = line.at("seconds").get<double>();
  for (const json& bin : line.at("loss_by_sigma")) {
    const json& to = bin.at("sigma_to");
    tick.by_sigma.push_back({bin.at("sigma_from").get<double>(),
                             to.is_null() ? std::numeric_limits<double>::infinity() : to.get<double>(),
                             bin.at("loss").get<double>(), count_of(bin, "count")});
  }
  return tick;
}

// Logs of version 0.1 have references in its spelling; a resumed run goes on in the new one.
std::string reference_name(const std::string& text) {
  try {
    const ModelForm form = parse_model(text);
    return form.old_spelling ? to_text(form) : text;
  } catch (const Error&) {  // whatever else a log calls it
    return text;
  }
}

ProbeLine parse_probes(const json& line) {
  ProbeLine probes;
  probes.images = count_of(line, "images");
  for (const json& probe : line.at("probes")) {
    const json& explained = probe.at("explained");  // null: a ratio without meaning
    probes.rows.push_back({reference_name(probe.at("reference").get<std::string>()), probe.at("sigma").get<double>(),
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

std::vector<TrainingTick> read_training_log(const fs::path& folder) {
  return read_lines(folder / "log.jsonl", parse_tick);
}

std::vector<ProbeLine> read_probe_log(const fs::path& folder) {
  const fs::path path = folder / "probes.jsonl";
  return fs::exists(path) ? read_lines(path, parse_probes) : std::vector<ProbeLine>();
}

Table tick_table(const std::vector<TrainingTick>& ticks) {
  Table table;
  table.columns = {"images", "step", "loss", "learning_rate", "images_per_second", "seconds"};
  for (const TrainingTick& tick : ticks) {
    table.rows.push_back({tick.images, tick.step, tick.loss, tick.learning_rate, tick.images_per_second, tick.seconds});
  }
  return table;
}

std::vector<fs::path> previews_of(const fs::path& run) {
  std::vector<fs::path> pictures;
  if (!fs::is_directory(run / "previews")) return pictures;
  for (const auto& entry : fs::directory_iterator(run / "previews")) {
    if (entry.path().extension() == ".png") pictures.push_back(entry.path());
  }
  std::sort(pictures.begin(), pictures.end());
  return pictures;
}

}  // namespace farfield
