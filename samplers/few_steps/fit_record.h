#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include <torch/types.h>

#include "models/denoiser.h"
#include "samplers/few_steps/fit_settings.h"
#include "samplers/solvers/solver_table.h"

namespace farfield {

// Where a teacher leads some latents.
struct TeacherEnds {
  std::vector<int64_t> seeds;  // latents as SeedBatch draws them
  torch::Tensor classes;       // [n] int64, -1 without labels
  torch::Tensor ends;          // [n, ...shape] float64 on the CPU
};

// One update, or before the first (iteration 0): root mean squares per number of the distance to the teacher's ends.
struct FitRow {
  int64_t iteration = 0;
  double rate = 0;
  double train = 0;     // of the batch, before the update; NaN at 0
  double held_out = 0;  // NaN where it was not measured
};

// A fit that was made.
struct FitRecord {
  FitSettings settings;    // resolved
  int64_t nfe = 0;         // evaluations
  int64_t parameters = 0;  // numbers that were learned
  SolverTable start,
      fitted;  // fitted: the best on the held-out seeds of all that were measured; the start when none was better
  bool improved = false;
  std::vector<FitRow> rows;
  torch::Tensor start_squares, fitted_squares;  // [held out] float64, each seed's mean square
  double seconds = 0;                           // of the fit
};

// What of a fit is shown while it runs: evaluations of one trajectory, there and back. May be empty.
using FitProgress = std::function<void(int64_t evaluations)>;

// A fit over `levels`, the schedule that it starts from; train/solvers has it.
using FitFn = std::function<FitRecord(const Denoiser& model, const FitSettings& settings,
                                      const std::vector<double>& levels, const TeacherEnds& train,
                                      const TeacherEnds& held_out, torch::Device device, const FitProgress& progress)>;

}  // namespace farfield
