#include "train/training_events.h"

#include <fmt/format.h>

#include "core/io/file.h"
#include "core/printable.h"
#include "core/text.h"
#include "train/training_folder.h"

namespace farfield {
namespace fs = std::filesystem;
namespace {

fs::path event_path(const fs::path& run_folder, int64_t images) {
  const fs::path folder = subfolder(run_folder, "tensorboard");
  const std::string name = fmt::format("events.out.tfevents.{:012}", images);
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().filename().string() > name) fs::remove(entry.path());
  }
  return folder / name;
}

}  // namespace

TrainingEvents::TrainingEvents(const fs::path& run_folder, int64_t images)
    : file_(event_path(run_folder, images), images) {}

void TrainingEvents::tick(const Tick& tick) {
  std::vector<Scalar> values = {{"loss/all", tick.loss},
                                {"progress/learning_rate", tick.learning_rate},
                                {"progress/images_per_second", tick.images_per_second},
                                {"progress/skipped_steps", static_cast<double>(tick.skipped_steps)}};
  for (const auto& bin : tick.by_sigma) {
    values.push_back(
        {fmt::format("loss/sigma {} to {}", format_double(bin.sigma_from), format_double(bin.sigma_to)), bin.loss});
  }
  file_.scalars(tick.images, values);
}

void TrainingEvents::probes(const ProbeLine& line) {
  std::vector<Scalar> values;
  for (const auto& row : line.rows) {
    values.push_back(
        {fmt::format("explained by {}/sigma {}", printable(row.reference), format_double(row.sigma)), row.explained});
  }
  file_.scalars(line.images, values);
}

void TrainingEvents::preview(int64_t images, const fs::path& png) {
  constexpr uint64_t kPictureBytes = uint64_t{1} << 26;
  if (fs::exists(png) && fs::file_size(png) <= kPictureBytes)
    file_.picture(images, "preview", read_file(png, kPictureBytes));
}

}  // namespace farfield
