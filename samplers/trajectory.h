#pragma once

#include "samplers/integrate.h"

namespace farfield {

// An observer that writes every state of a run into `trajectory` [steps + 1, B, ...shape] (any dtype and device; a view
// will do): row 0 is the start, row i + 1 the state after step i; and into `denoised` [steps, B, ...shape], where it is
// defined, what the solver saw as D at the state that step i starts from: of multi-stage solvers the first stage's. The
// rows are the memory it takes.
StepObserver record_states(torch::Tensor trajectory, torch::Tensor denoised = {});

}  // namespace farfield
