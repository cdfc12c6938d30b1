#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/io/rows.h"
#include "train/loss_record.h"

namespace farfield {

// What a line of log.jsonl says besides the losses.
struct Tick {
  int64_t images = 0, step = 0;
  double learning_rate = 0;
  double images_per_second = 0;  // since the line before
  double seconds = 0;            // of training, all sessions of the run together
  int64_t skipped_steps = 0;     // since the beginning (run.nonfinite = skip)
};

// How much of the averaged network's score a reference explains at a noise level, 1 - sum |s - s_ref|^2 / sum |s|^2 over
// fixed probes.
struct ProbeResult {
  std::string reference;
  double sigma, explained;
};

// log.jsonl of a run: one JSON object a tick, {"images", "step", "loss", "loss_by_sigma": [...], "learning_rate",
// "images_per_second", "seconds", "skipped_steps"}. Lines beyond `images` (written by a run that was killed after its last saved
// state) are cut off on opening: they will be written again.
class TrainingLog {
 public:
  TrainingLog(const std::filesystem::path& file, int64_t images);
  std::string append(const Tick& tick, const LossRecord& losses);  // returns the line

 private:
  JsonLines lines_;
};

// probes.jsonl, in the same way: {"images", "probes": [{"reference", "sigma", "explained"}, ...]}.
class ProbeLog {
 public:
  ProbeLog(const std::filesystem::path& file, int64_t images);
  void append(int64_t images, const std::vector<ProbeResult>& results);

 private:
  JsonLines lines_;
};

}  // namespace farfield
