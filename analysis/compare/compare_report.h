#pragma once

#include <string>
#include <vector>

#include "analysis/compare/comparison.h"
#include "analysis/compare/trajectories.h"
#include "analysis/page/report.h"

namespace farfield {

// All that a comparison measured, with the rows made of it.
struct CompareResult {
  Comparison comparison;
  std::vector<ComparisonRow> rows;
  std::vector<std::string> kinds;  // of the references, for their colours
  Trajectories trajectories;
  std::vector<TrajectoryRow> trajectory_rows;
};

// The answer in one sentence, with its numbers: from which noise level on each reference explains 99 % of the model's
// score (the lower end of the 95 % interval; explained_from()), probed at noised data where there are data. The Gaussian
// comes first where there is one.
std::string headline(const CompareResult& result, const std::string& model);

// The figures of a comparison: explained variance of the score and of the denoiser, mean squared differences, deviation
// of the trajectories, samples from the same seeds. Charts link to comparison.csv and trajectory.csv beside the report.
void add_explained_variance(Report& report, const CompareResult& result);
void add_trajectories(Report& report, const CompareResult& result, const std::string& model_name);

}  // namespace farfield
