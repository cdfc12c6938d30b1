#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "analysis/report.h"
#include "core/run_folder.h"

namespace farfield {

// One line of a training run's log.jsonl (docs/formats.md).
struct TrainingTick {
  struct Bin {
    double sigma_from, sigma_to, loss;  // sigma_to: infinity for the last bin
    int64_t count;
  };
  int64_t images = 0, step = 0;
  double loss = 0, learning_rate = 0, images_per_second = 0, seconds = 0;
  std::vector<Bin> by_sigma;
};

// The ticks of the run in `folder`. bad_file naming the line when one cannot be read; io_error without a log.
std::vector<TrainingTick> read_training_log(const std::filesystem::path& folder);

// Loss over images seen, loss over the noise level early and late, the newest preview. Writes NAME-training.csv.
void add_training_section(Report& report, const std::filesystem::path& run, const RunFolder& folder);

}  // namespace farfield
