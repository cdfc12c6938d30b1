#pragma once

#include <vector>

#include "core/io/rows.h"

namespace farfield {

// How far each step of a schedule goes towards D ("A Geometric Perspective on Diffusion Models", theorem 1, eq. 24 and figure
// 30): Euler's step is x' = (1 - weight) x + weight D.
struct StepWeight {
  double sigma;     // the level that the step leaves
  double weight;    // 1 - sigma' / sigma, in (0, 1]; 1 in a step to 0
  double log_step;  // -(ln sigma' - ln sigma), which the weight approaches as steps shrink; infinite in a step to 0
};

// levels as check_levels() wants them; one entry a step.
std::vector<StepWeight> step_weights(const std::vector<double>& levels);

// Columns sigma, weight, log_step (an empty cell where it is infinite).
Table weight_table(const std::vector<double>& levels);

}  // namespace farfield
