#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "analysis/few_steps/teacher.h"
#include "analysis/paths/part_store.h"
#include "analysis/stats/rms_error.h"
#include "samplers/few_steps/fit_record.h"
#include "samplers/model_levels.h"
#include "samplers/recorded_model.h"

namespace farfield {

// What `farfield solver fit` and Python's fit_solver() are asked for.
struct SolverFitOptions {
  FitSettings settings;
  std::string nfe = "6";       // parse_nfe(): a table each
  ScheduleRequest schedule;    // what the fits start from, without steps; ends at its sigma_min unless said otherwise
  std::string seeds = "0-63";  // that are learned from
  std::string held_out = "64-127";  // that choose and measure
  std::optional<int64_t> label;     // the class of every trajectory
  TeacherSettings teacher;
  std::filesystem::path ends;  // folder of an earlier fit, whose teacher is taken; empty: none
  torch::Device device = torch::kCPU;

  // With the settings resolved. usage_error for anything that can be said without the model.
  SolverFitOptions resolved() const;
};

// A solver of the registry within the evaluations of a fit, over the schedule that it started from.
struct FitRival {
  int64_t nfe;  // of the fit
  std::string solver;
  int64_t steps, evaluations;
  RmsError error;  // on the held-out seeds
};

struct SolverFitRun {
  std::string model, model_sha256, precision;
  SolverFitOptions options;
  FitTeacher teacher;
  std::vector<FitRecord> fits;  // one for each number of evaluations
  std::vector<FitRival> rivals;
};

// All that decides the numbers, as JSON: what a folder of kept parts belongs to.
std::string fit_key(const RecordedModel& model, const SolverFitOptions& options);

// The teacher's ends, then `fit` for every number of evaluations. `parts` keeps the teacher's finished batches and finished fits.
SolverFitRun run_solver_fit(const RecordedModel& model, const SolverFitOptions& options, const FitFn& fit,
                            const PartStore& parts = {});

}  // namespace farfield
