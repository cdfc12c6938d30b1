#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/io/rows.h"

namespace farfield {

// The two logs of a training run (docs/formats.md), as `train` writes and reports read them: a JSON object a line.

// The mean loss per value of the samples whose noise level lay in [sigma_from, sigma_to).
struct SigmaLoss {
  double sigma_from, sigma_to;  // the first begins at 0, the last ends at infinity
  int64_t count;
  double loss;
};

// A line of log.jsonl: {"images", "step", "loss", "loss_by_sigma": [...], "learning_rate", "images_per_second", "seconds",
// "skipped_steps"}.
struct Tick {
  int64_t images = 0, step = 0;
  double loss = 0;  // of all samples since the line before
  std::vector<SigmaLoss> by_sigma;
  double learning_rate = 0;
  double images_per_second = 0;  // since the line before
  double seconds = 0;            // of training, all sessions of the run together
  int64_t skipped_steps = 0;     // since the beginning (run.nonfinite = skip)
};

// How much of the averaged network's score a reference explains at a noise level, 1 - sum |s - s_ref|^2 / sum |s|^2 over
// fixed probes; NaN where the ratio has no meaning.
struct ProbeRow {
  std::string reference;
  double sigma, explained;
};

// A line of probes.jsonl: {"images", "probes": [{"reference", "sigma", "explained"}, ...]}.
struct ProbeLine {
  int64_t images = 0;
  std::vector<ProbeRow> rows;
};

// Lines beyond `images` (written by a run that was killed after its last saved state) are cut off on opening: they will be
// written again.
class TrainingLog {
 public:
  TrainingLog(const std::filesystem::path& folder, int64_t images);
  void append(const Tick& tick);

 private:
  JsonLines lines_;
};

class ProbeLog {
 public:
  ProbeLog(const std::filesystem::path& folder, int64_t images);
  void append(const ProbeLine& line);

 private:
  JsonLines lines_;
};

// The ticks of the run in `folder`. bad_file naming the line when one cannot be read; io_error without a log.
std::vector<Tick> read_training_log(const std::filesystem::path& folder);
// Its probes; none when there is no such file.
std::vector<ProbeLine> read_probe_log(const std::filesystem::path& folder);

}  // namespace farfield
