#include "analysis/training/training_history.h"

#include <algorithm>

namespace farfield {
namespace fs = std::filesystem;

Table tick_table(const std::vector<Tick>& ticks) {
  Table table;
  table.columns = {"images", "step", "loss", "learning_rate", "images_per_second", "seconds"};
  for (const Tick& tick : ticks) {
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
