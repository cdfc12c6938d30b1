#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <torch/types.h>

#include "analysis/study/study_types.h"
#include "core/io/rows.h"
#include "core/shards.h"
#include "models/denoiser.h"
#include "samplers/sampler.h"

namespace farfield {

// The SkippedRuns of a study: every solver over schedules of request.teleport_sweep steps, levels left out from the first on,
// from the request's seeds, class and Gaussian (request.teleport, whose level is not used).
class TeleportSweep {
 public:
  TeleportSweep(const StudyRequest& request, const DenoiserInfo& model);

  int64_t size() const { return static_cast<int64_t>(plan_.size()); }
  int64_t evaluations() const;  // of one trajectory, of all runs

  // Of the trajectories `rows`: [B, S] float64, each run's mean squares from the same run with skip = 0. `on_evaluation` hears
  // of every denoiser call with its samples, `on_ends` of the ends [B, ...shape] of every run, in order.
  torch::Tensor squares_of(const Denoiser& model, RowRange rows,
                           const std::function<void(int64_t samples)>& on_evaluation,
                           const std::function<void(const torch::Tensor& ends)>& on_ends) const;
  // From the squares of all trajectories [n, S].
  std::vector<SkippedRun> runs_of(const torch::Tensor& squares) const;

 private:
  struct Planned {
    SkippedRun run;
    std::vector<double> levels;
  };
  SampleRequest request_of(const Planned& planned) const;

  const StudyRequest& request_;
  std::vector<Planned> plan_;
};

// Columns: solver, schedule, steps, skip, sigma_skip, nfe, nfe_saved (part of those with skip = 0), rms, rms_low, rms_high, then
// one a measure of `measures`.
Table skipped_table(const std::vector<SkippedRun>& runs, const std::vector<std::string>& measures = {});

}  // namespace farfield
