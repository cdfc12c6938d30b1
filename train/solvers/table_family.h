#pragma once

#include <functional>
#include <vector>

#include "samplers/few_steps/fit_settings.h"
#include "train/solvers/learned_table.h"

namespace farfield {

// Tables that a few numbers decide.
struct TableFamily {
  std::vector<torch::Tensor> start;  // groups of parameters, [n] float32 each
  std::vector<double> rates;         // of each group, times that of the settings
  std::function<TensorTable(const std::vector<torch::Tensor>&)> table;

  int64_t parameters() const;
};

// The family of a method (resolved settings) that starts at `levels`: epd and amed with midpoints in the middle of their steps
// in ln sigma (epd: evenly) and scales of 1, ld3 and s4s at the multistep method itself. usage_error for levels that end at 0
// where the method has midpoints, for no level between the first and the last above 0 where they are learned, and for a solver or plug-in that is not known.
TableFamily table_family(const FitSettings& settings, const std::vector<double>& levels);

}  // namespace farfield
