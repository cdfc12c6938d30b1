#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/io/rows.h"

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

// One line of its probes.jsonl.
struct ProbeLine {
  struct Row {
    std::string reference;
    double sigma, explained;
  };
  int64_t images = 0;
  std::vector<Row> rows;
};

// The ticks of the run in `folder`. bad_file naming the line when one cannot be read; io_error without a log.
std::vector<TrainingTick> read_training_log(const std::filesystem::path& folder);
// Its probes; none when there is no such file.
std::vector<ProbeLine> read_probe_log(const std::filesystem::path& folder);
// Its pictures, oldest first.
std::vector<std::filesystem::path> previews_of(const std::filesystem::path& folder);

// One row a tick, without the bins.
Table tick_table(const std::vector<TrainingTick>& ticks);

}  // namespace farfield
