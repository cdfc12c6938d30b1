#include "train/training_log.h"

#include <cmath>

#include <nlohmann/json.hpp>

#include "core/io/file.h"
#include "core/io/json.h"
#include "core/text.h"

namespace farfield {
namespace fs = std::filesystem;
using nlohmann::ordered_json;
namespace {

constexpr uint64_t kLogBytesLimit = uint64_t{1} << 30;

fs::path cut_after(const fs::path& file, int64_t images) {
  if (!fs::exists(file)) return file;
  std::string kept;
  for (const auto& line : split(read_file(file, kLogBytesLimit), '\n')) {
    const auto tick = json_or_null(line);
    if (!tick.is_object() || tick.value("images", images + 1) > images) break;
    kept += line + "\n";
  }
  write_file_atomically(file, kept);
  return file;
}

}  // namespace

TrainingLog::TrainingLog(const fs::path& file, int64_t images) : lines_(cut_after(file, images)) {}

std::string TrainingLog::append(const Tick& tick, const LossRecord& losses) {
  ordered_json bins = ordered_json::array();
  for (const auto& bin : losses.bins()) {
    bins.push_back({{"sigma_from", bin.sigma_from},
                    {"sigma_to", std::isfinite(bin.sigma_to) ? ordered_json(bin.sigma_to) : ordered_json()},
                    {"count", bin.count},
                    {"loss", bin.loss}});
  }
  const ordered_json line = {{"images", tick.images},
                             {"step", tick.step},
                             {"loss", losses.mean()},
                             {"loss_by_sigma", bins},
                             {"learning_rate", tick.learning_rate},
                             {"images_per_second", tick.images_per_second},
                             {"seconds", tick.seconds},
                             {"skipped_steps", tick.skipped_steps}};
  std::string text = dump_json(line);
  lines_.append(text);
  return text;
}

ProbeLog::ProbeLog(const fs::path& file, int64_t images) : lines_(cut_after(file, images)) {}

void ProbeLog::append(int64_t images, const std::vector<ProbeResult>& results) {
  ordered_json probes = ordered_json::array();
  for (const auto& result : results) {
    probes.push_back({{"reference", result.reference}, {"sigma", result.sigma}, {"explained", result.explained}});
  }
  lines_.append(dump_json(ordered_json{{"images", images}, {"probes", probes}}));
}

}  // namespace farfield
