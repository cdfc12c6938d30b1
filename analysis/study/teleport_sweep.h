#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "analysis/stats/rms_error.h"
#include "analysis/study/study.h"
#include "core/io/rows.h"

namespace farfield {

// One solver over the rest of one schedule, the first `skip` levels left out by the Gaussian's closed form (Wang & Vastola
// 2024, A.7).
struct SkippedRun {
  std::string solver, schedule;
  int64_t steps = 0, skip = 0, nfe = 0;  // of the whole schedule; levels left out; counted
  double sigma_skip = 0;                 // level number `skip`: where the solver begins
  RmsError error;                        // of its ends from those of the same run with skip = 0, per number
};

// Every skip from 0 to the last level above 0 of every schedule of `steps` steps, by every solver of the request, from its
// seeds, class and Gaussian (request.teleport, whose level is not used). Of Heun over N levels above 0 and a final 0, skip i
// takes 2 (N - i) - 1 evaluations. usage_error for a request without a Gaussian.
std::vector<SkippedRun> sweep_teleports(const Denoiser& model, const StudyRequest& request, int64_t steps);

// Columns: solver, schedule, steps, skip, sigma_skip, nfe, nfe_saved (part of those with skip = 0), rms, rms_low, rms_high.
Table skipped_table(const std::vector<SkippedRun>& runs);

}  // namespace farfield
