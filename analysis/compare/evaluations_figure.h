#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "analysis/page/report.h"
#include "analysis/stats/rms_error.h"

namespace farfield {

// A run of few evaluations and its distance from a teacher's of many, from the same seeds.
struct RunError {
  std::string name, how;  // how: solver, schedule, steps in words
  int64_t nfe = 0, seeds = 0;
  RmsError error;
};

// "Same quality, fewer evaluations": distance from `teacher` over evaluations, one mark a run, and the numbers. `runs` is
// not empty.
Figure evaluations_figure(const std::vector<RunError>& runs, const std::string& teacher);

}  // namespace farfield
