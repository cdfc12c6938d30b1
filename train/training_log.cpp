#include "train/training_log.h"

#include <nlohmann/json.hpp>

#include "core/io/file.h"
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
    const auto tick = ordered_json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (!tick.is_object() || tick.value("images", images + 1) > images) break;
    kept += line + "\n";
  }
  write_file_atomically(file, kept);
  return file;
}

}  // namespace

TrainingLog::TrainingLog(const fs::path& file, int64_t images) : lines_(cut_after(file, images)) {}

void TrainingLog::append(const Tick& tick, const LossRecord& losses) {
  const ordered_json line = {{"images", tick.images},
                             {"step", tick.step},
                             {"loss", losses.mean()},
                             {"loss_by_sigma", ordered_json::parse(losses.bins_json())},
                             {"learning_rate", tick.learning_rate},
                             {"images_per_second", tick.images_per_second},
                             {"seconds", tick.seconds}};
  lines_.append(line.dump());
}

}  // namespace farfield
