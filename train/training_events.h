#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "core/io/event_file.h"
#include "core/run/training_log.h"

namespace farfield {

// What log.jsonl, probes.jsonl and the previews say, for TensorBoard: tensorboard/events.out.tfevents.IMAGES, a file a
// session, named by where it began. The step of an event is the number of images seen.
class TrainingEvents {
 public:
  // Removes files of sessions that began after `images`: the run goes on from an older state.
  TrainingEvents(const std::filesystem::path& run_folder, int64_t images);

  void tick(const Tick& tick);
  void probes(const ProbeLine& line);
  void preview(int64_t images, const std::filesystem::path& png);  // nothing when there is none

 private:
  EventFile file_;
};

}  // namespace farfield
