#pragma once

#include "core/option_values.h"

namespace farfield {

// The options of a solver, from SOLVER[,option=value...].
class SolverOptions : public OptionValues {
 public:
  explicit SolverOptions(std::string solver, std::map<std::string, std::string> given = {})
      : OptionValues("solver", std::move(solver), std::move(given)) {}
};

}  // namespace farfield
