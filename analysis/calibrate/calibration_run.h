#pragma once

#include <memory>
#include <string>
#include <vector>

#include "analysis/calibrate/calibration.h"
#include "core/data/source.h"
#include "core/run/run_call.h"
#include "core/run/run_folder.h"

namespace farfield {

// Whose score is looked for, and among which denoisers.
struct CalibrationInputs {
  std::shared_ptr<const Denoiser> model;
  std::string model_text;                  // as it was named, for the record
  std::shared_ptr<const DataSource> data;  // the images of the candidates
  std::string reference = "els-border";    // KIND[,option=value...] of sized_kinds(), without its size
  std::string solver = "euler";            // as make_solver() takes it
  std::vector<int64_t> sizes;              // empty: published_sizes_up_to() what the kind has for these images
};

// A calibration that was made.
struct CalibrationRun {
  CalibrationInputs inputs;  // with the sizes
  CalibrationOptions options;
  Calibration result;
};

// What `farfield calibrate` and Python's calibrate() compute: candidates of every size over the same images in the same memory,
// and calibrate(). usage_error for a reference without a patch size or with one given, and sizes that do not fit the images.
CalibrationRun run_calibrate(CalibrationInputs inputs, CalibrationOptions options, const PartStore& parts = {},
                             Comm& comm = alone());

// The answer in a sentence, with its numbers.
std::string calibration_headline(const CalibrationRun& run);

// Writes table.yaml, calibration.csv, calibration.npz, summary.json and report.html, and commits the folder. `info`: begun
// by the caller, with the inputs of the call.
void save_calibrate(const CalibrationRun& run, const RunCall& call, RunInfo info, RunFolder& folder);

}  // namespace farfield
