#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <torch/types.h>

#include "analysis/quality/set_measures.h"
#include "analysis/stats/rms_error.h"
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
  std::optional<int64_t> teleport_sweep = {};        // also SkippedRuns over schedules of as many steps
  std::shared_ptr<const SetMeasures> measures = {};  // of the ends against data, too; may be null
};

// One solver over one schedule: the most steps whose evaluations a budget allows. Budgets with the same steps share it.
struct StudyRun {
  std::string solver, schedule;
  bool teleported = false;
  int64_t steps = 0, nfe = 0;  // counted
  std::vector<double> levels;
  RmsError error;                     // of the end from the reference's at the same level, per number
  std::vector<double> measures = {};  // of the ends, in the order of request.measures
};

// One solver over the rest of one schedule, the first `skip` levels left out by the Gaussian's closed form (Wang & Vastola
// 2024, A.7): every skip from 0 to the last level above 0 of every schedule of request.teleport_sweep steps. Of Heun over N
// levels above 0 and a final 0, skip i takes 2 (N - i) - 1 evaluations.
struct SkippedRun {
  std::string solver, schedule;
  int64_t steps = 0, skip = 0, nfe = 0;  // of the whole schedule; levels left out; counted
  double sigma_skip = 0;                 // level number `skip`: where the solver begins
  RmsError error;                        // of its ends from those of the same run with skip = 0, per number
  std::vector<double> measures = {};
};

struct Study {
  std::vector<StudyRun> runs;                   // in the order of starts, schedules, solvers, steps
  torch::Tensor squares;                        // [runs, seeds] float64: each seed's mean square
  int64_t reference_nfe = 0;                    // of the slowest batch
  int64_t evaluations = 0, reused = 0;          // denoiser calls asked for, and those answered from an equal one before
  std::vector<double> reference_measures = {};  // of the reference's ends at 0
  std::vector<SkippedRun> skipped = {};         // with teleport_sweep
};

}  // namespace farfield
