#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <torch/types.h>

#include "analysis/stats/rms_error.h"
#include "models/denoiser.h"
#include "samplers/start.h"

namespace farfield {

// What is tried: every solver over every schedule within every budget, from noise and, with a teleport, from there too.
struct StudyRequest {
  std::vector<std::string> solvers;       // SOLVER[,option=value...], deterministic, with steps of the schedule's own
  std::vector<std::string> schedules;     // as `sample --schedule` takes them; their range is the model's
  std::string model_sha256 = {};          // compared with that of a gits:FILE
  std::vector<int64_t> nfe;               // budgets of evaluations, rising, each >= 1
  std::vector<int64_t> seeds;             // one trajectory each; latents and classes as sample() draws them
  std::optional<int64_t> label = {};      // the class of every trajectory
  std::optional<Teleport> teleport = {};  // for schedules that can be laid from its level
  std::string reference = "dopri5,rtol=1e-5,atol=1e-5";  // an adaptive solver, the solution errors are measured from
  int64_t batch = 64;                                    // trajectories at a time
  torch::Device device = torch::kCPU;
  // For progress; may be empty: before a phase with its evaluations times samples (of the reference a guess), and
  // after every call.
  std::function<void(const std::string& phase, int64_t evaluations)> on_phase = {};
  std::function<void(int64_t samples)> on_evaluation = {};

  void validate(const DenoiserInfo& model) const;  // usage_error
};

// One solver over one schedule: the most steps whose evaluations a budget allows. Budgets with the same steps share it.
struct StudyRun {
  std::string solver, schedule;
  bool teleported = false;
  int64_t steps = 0, nfe = 0;  // counted
  std::vector<double> levels;
  RmsError error;  // of the end from the reference's at the same level, per number
};

struct Study {
  std::vector<StudyRun> runs;           // in the order of starts, schedules, solvers, steps
  torch::Tensor squares;                // [runs, seeds] float64: each seed's mean square
  int64_t reference_nfe = 0;            // of the slowest batch
  int64_t evaluations = 0, reused = 0;  // denoiser calls asked for, and those answered from an equal one before
};

// Every deterministic solver that steps through a schedule as it is, exact ones only (no `_compat`).
std::vector<std::string> study_solvers();

// Errors of all combinations against the reference, the same trajectory at a tight tolerance. Equal evaluations (the
// first of all, those of a shared beginning) are made once (evaluation_memo.h). Schedules end at 0 or at their sigma_min;
// the reference is taken where they end.
Study run_study(const Denoiser& model, const StudyRequest& request);

// The best run within `budget` evaluations, teleported ones counted only with `teleported`; nullptr when there is none.
const StudyRun* best_within(const Study& study, int64_t budget, bool teleported);

}  // namespace farfield
