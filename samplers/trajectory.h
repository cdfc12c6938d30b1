#pragma once

#include "samplers/integrate.h"

namespace farfield {

// An observer that writes every state of a run into `trajectory` [steps + 1, B, ...shape] (any dtype and device; a view
// will do): row 0 is the start, row i + 1 the state after step i. The rows are the memory it takes: (steps + 1) states.
StepObserver record_states(torch::Tensor trajectory);

}  // namespace farfield
