#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <torch/types.h>

#include "models/denoiser.h"
#include "samplers/gits/gamma_form.h"
#include "samplers/schedules/gits_file.h"
#include "samplers/schedules/gits_metric.h"
#include "samplers/solvers/solver.h"

namespace farfield {

// GITS, the geometry-inspired time schedule (Chen et al. 2024): which few levels of a teacher's grid to keep.
struct GitsRequest {
  std::vector<double> levels = {};  // the teacher's grid, T >= 3 levels, the last above 0
  std::vector<int64_t> seeds = {};  // one warm-up trajectory each, latent and class drawn as sample() does
  std::vector<int64_t> nfe = {};    // evaluations of the schedules asked for, at one a step; rising
  GitsMetric metric = GitsMetric::kDev;
  double gamma = 1.15;  // weight of a segment over the one before it, > 0
  GammaForm gamma_form = GammaForm::kComputed;
  // One level more after the first, for a student that takes its first step without an evaluation (AFS).
  const Solver* afs_student = nullptr;
  int64_t batch = 64;                  // trajectories at a time; changes costs by rounding only
  torch::Device device = torch::kCPU;  // where the teacher runs
  // For progress; may be empty: before a phase of the search with its evaluations times samples, counted, and after
  // every denoiser call.
  std::function<void(const std::string& phase, int64_t evaluations)> on_phase = {};
  std::function<void(int64_t samples)> on_evaluation = {};
  // The costs [T, T] of every trajectory alone, in the order of the seeds. May be empty.
  std::function<void(const torch::Tensor& costs)> on_costs = {};

  void validate(const DenoiserInfo& model) const;  // usage_error
};

// Wall time by phase.
struct GitsSeconds {
  double teacher = 0, costs = 0, program = 0;
};

// What the teacher's trajectories of the first seeds say.
struct GitsTeacher {
  int64_t seeds = 0;
  torch::Tensor costs;       // [T, T] float64, mean over those seeds; 0 on and below the diagonal
  torch::Tensor deviations;  // [T] float64: the teacher's mean distance from its chord
  GitsSeconds seconds;       // until then
};

struct GitsTeachers {
  std::vector<GitsTeacher> first;  // of the first counts[k] seeds
  torch::Tensor ends;              // [N, ...shape] float64: where the teacher ended, in the order of the seeds
  int64_t nfe = 0;                 // counted
};

// One teacher run over the first counts.back() seeds, which serves them all: the same bits as a run of each where batches
// end at the same seeds. counts: rising, each 1 to the number of seeds.
GitsTeachers run_gits_teacher(const Denoiser& model, const Solver& teacher, const GitsRequest& request,
                              const std::vector<int64_t>& counts);

struct GitsSearch {
  torch::Tensor costs, deviations, ends;  // as of the teacher, over all seeds
  std::vector<GitsSchedule> schedules;
  int64_t teacher_nfe = 0;  // counted
  GitsSeconds seconds;
};

// The schedules of request.nfe from costs [T, T] by one dynamic program (gits_dp.h), without the level that AFS adds.
std::vector<GitsSchedule> gits_schedules(const torch::Tensor& costs, const GitsRequest& request);

// One teacher run over the grid gives the costs, one dynamic program the schedules of every length (gits_cost.h,
// gits_dp.h). Sums run in the order of the seeds. The level of AFS is chosen on all of them.
GitsSearch gits_search(const Denoiser& model, const Solver& teacher, const GitsRequest& request);

}  // namespace farfield
