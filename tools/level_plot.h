#pragma once

#include <string>
#include <vector>

#include "samplers/schedules/step_weights.h"

namespace farfield::tools {

// A small picture of falling noise levels in text: a row a level, its dot on a logarithmic axis from the least positive
// level to the first; 0 stands left of the axis. Lines begin with "# ", so that a listing with its plot is still a file of levels.
std::string level_plot(const std::vector<double>& levels);

// The same of weights, a row a step, its dot on an axis from 0 to 1.
std::string weight_plot(const std::vector<StepWeight>& weights);

}  // namespace farfield::tools
