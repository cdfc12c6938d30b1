#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "analysis/study/study_types.h"
#include "models/denoiser.h"
#include "samplers/solvers/solver.h"

namespace farfield {

using StudySolvers = std::map<std::string, std::unique_ptr<const Solver>>;

// By their names. usage_error for those that do not step through a schedule to the one solution.
StudySolvers make_study_solvers(const std::vector<std::string>& names);

// Where all trajectories begin, and the level above 0 where they may end.
struct StudyRange {
  double first, last;
};
StudyRange study_range(const DenoiserInfo& model);

// usage_error for a request that nobody can fulfil.
void check_study(const StudyRequest& request, const DenoiserInfo& model);

// What is to be run, errors still open; runs over the same levels stand together. usage_error where nothing fits the budgets,
// and for schedules that end elsewhere than the reference.
std::vector<StudyRun> plan_study(const StudyRequest& request, const DenoiserInfo& model, const StudySolvers& solvers);

}  // namespace farfield
