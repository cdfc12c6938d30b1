#pragma once

#include <memory>
#include <string>

#include "analysis/calibrate/heat.h"
#include "core/run/run_call.h"
#include "core/run/run_folder.h"

namespace farfield {

// Whose heat is measured, and for which masks.
struct HeatInputs {
  std::shared_ptr<const Denoiser> model;
  std::string model_text;               // as it was named, for the record
  std::string reference = "pspc-flex";  // with fraction=F or table=FILE|edm32: levels where a mask is not everything
  std::string solver = "euler";         // as make_solver() takes it
};

// Heat that was measured.
struct HeatRun {
  HeatInputs inputs;
  SampleRequest request;
  MeasuredHeat result;
  torch::Tensor mask_sizes;  // [L, H, W] int64: pixels of each pixel's mask
};

// What `farfield calibrate --reference pspc-flex` and Python's heat_maps() compute: measure_heat() at the levels whose fraction
// is below 1. usage_error for other references and other options.
HeatRun run_heat(HeatInputs inputs, SampleRequest request, const PartStore& parts = {}, Comm& comm = alone());

std::string heat_headline(const HeatRun& run);

// Writes heat.npz (what pspc-flex reads as heat=FILE), heat.csv, summary.json and report.html, and commits the folder.
void save_heat(const HeatRun& run, const RunCall& call, RunInfo info, RunFolder& folder);

}  // namespace farfield
