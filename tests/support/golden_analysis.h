#pragma once

#include <map>
#include <string>
#include <vector>

#include <torch/types.h>
#include <nlohmann/json.hpp>

namespace farfield::test {

// One case of the golden vectors for measures and theories ($FARFIELD_GOLDEN_ANALYSIS, else ../shared/golden-analysis).
struct AnalysisCase {
  std::string id, kind;
  nlohmann::json params;
  std::map<std::string, torch::Tensor> inputs, outputs;  // float64 or int64
  double tolerance = 0;
  bool relative = false;  // to the largest entry of the output, without the 1
};

// The cases of a group; empty when there is no such folder. Tests have `golden` and the group in their names, and
// GTEST_SKIP() aloud then.
std::vector<AnalysisCase> analysis_cases(const std::string& group);

// Fails the test, naming case and output, where |value - expected| > tolerance max(1, largest |expected|).
void expect_golden(const AnalysisCase& golden, const std::string& output, const torch::Tensor& value);

}  // namespace farfield::test
