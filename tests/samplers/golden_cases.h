#pragma once

#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "samplers/integrate.h"

namespace farfield::test {

// A case of solvers_index.json as a run of ours.
struct GoldenCase {
  std::string solver;  // SOLVER[,option=value...]
  std::vector<double> levels;
  IntegrateOptions options;    // all but noise and observers
  bool scaled_states = false;  // the stored states are x / sqrt(1 + sigma^2)
};

// Nothing for a solver that no row of the table covers. Takes schedules.json.
std::optional<GoldenCase> golden_case(const nlohmann::json& item, const nlohmann::json& schedules);

}  // namespace farfield::test
