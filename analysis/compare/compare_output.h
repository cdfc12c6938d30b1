#pragma once

#include <string>
#include <vector>

#include "analysis/compare/compare_report.h"
#include "analysis/compare/earlier_runs.h"
#include "core/run/run_folder.h"

namespace farfield {

// What a person wants to know about how a comparison came about.
struct CompareStory {
  std::string model;                 // its name in titles
  std::vector<std::string> command;  // the command line
  Facts asked;                       // model, data, references, probes, seeds
  Facts settings;                    // the rest: batch, device, precision, version, time
  PathBand band = PathBand::kInterval;
};

// Writes comparison.csv and .npz (the per-probe sums of Comparison), trajectory.csv and .npz, samples-*.png and
// report.html into `folder`. `earlier` adds its sections.
void write_comparison(const CompareResult& result, const CompareStory& story, const EarlierRuns& earlier,
                      const RunFolder& folder);

}  // namespace farfield
