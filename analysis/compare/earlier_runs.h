#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "analysis/page/report.h"
#include "core/run/run_folder.h"

namespace farfield {

// Sections of a report about what earlier commands left behind, so that one page tells the whole story:
//   a folder of `farfield sample`   its samples, side by side with those of the other folders, the settings below them,
//                                   and how far they are, on shared seeds, from the one with the most evaluations
//   a folder of `farfield train`    the loss over images seen and over the noise level, the newest preview
//   a file of `farfield fit`        what was fitted to what
// In the order: fits, training, samples. io_error or bad_file when a folder is none of these or is damaged.
class EarlierRuns {
 public:
  // Reads and checks everything, so that a wrong path is an error before long work begins.
  explicit EarlierRuns(const std::vector<std::filesystem::path>& paths);

  // Adds the sections; tables behind the charts are written into `folder`.
  void add_to(Report& report, const RunFolder& folder) const;

 private:
  std::vector<std::filesystem::path> fits_, training_, samples_;
};

}  // namespace farfield
