#pragma once

#include <memory>
#include <optional>
#include <string>

#include "analysis/jump/jump.h"
#include "analysis/jump/slopes.h"
#include "core/comm.h"
#include "core/run/run_call.h"
#include "core/run/run_folder.h"

namespace farfield {

// Whose jumps are measured, opened.
struct JumpInputs {
  std::shared_ptr<const Denoiser> model;
  std::string model_text;  // as it was named, for the record
  std::string solver;      // as make_solver() takes it
  bool slopes = false;     // also measure_slopes(): of slope_solvers() and this one, over the first trajectories
};

// Jumps that were measured.
struct JumpRun {
  JumpInputs inputs;
  JumpOptions options;
  Jump result;
  std::optional<Slopes> slopes;
};

// What `farfield jump` and Python's jump() compute: measure_jump(), and slopes of at most eight trajectories if asked for.
JumpRun run_jump(JumpInputs inputs, JumpOptions options, const PartStore& parts = {}, Comm& comm = alone());

// Writes the whole output of `farfield jump` (write_jump()) and commits the folder. `info`: begun by the caller, with the
// inputs of the call.
void save_jump(const JumpRun& run, const RunCall& call, RunInfo info, RunFolder& folder);

}  // namespace farfield
