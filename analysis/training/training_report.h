#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/run/run_folder.h"

namespace farfield {

// A training run on one page, written into `folder` as report.html with training.csv and, where there were probes,
// probes.csv beside it: loss in all and by noise level, learning rate, speed, previews over time, how much references
// explain of the network while it learns. bad_file or io_error when the run's files cannot be read; usage_error when its
// log is still empty. Returns the result in one sentence.
std::string write_training_report(const std::filesystem::path& run, const std::vector<std::string>& command,
                                  const RunFolder& folder);

}  // namespace farfield
