#pragma once

#include <cstdint>
#include <filesystem>

#include "core/io/rows.h"
#include "train/loss_record.h"

namespace farfield {

// What a line of log.jsonl says besides the losses.
struct Tick {
  int64_t images = 0, step = 0;
  double learning_rate = 0;
  double images_per_second = 0;  // since the line before
  double seconds = 0;            // of training, all sessions of the run together
};

// log.jsonl of a run: one JSON object a tick, {"images", "step", "loss", "loss_by_sigma": [...], "learning_rate",
// "images_per_second", "seconds"}. Lines beyond `images` (written by a run that was killed after its last saved
// state) are cut off on opening: they will be written again.
class TrainingLog {
 public:
  TrainingLog(const std::filesystem::path& file, int64_t images);
  void append(const Tick& tick, const LossRecord& losses);

 private:
  JsonLines lines_;
};

}  // namespace farfield
