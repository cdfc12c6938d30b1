#pragma once

#include <string>
#include <vector>

#include "samplers/gits/gits_search.h"

namespace farfield {

// How far a student that takes few steps ends from the teacher: root mean square per number over seeds, with the 95 %
// percentile-bootstrap interval over seeds.
struct StudentError {
  int64_t nfe;           // of the search, at one evaluation a step
  std::string schedule;  // gits, polynomial, logsnr, per_sample
  std::vector<double> levels;
  double rms, low, high;
};

// Runs `student` from the first 64 seeds of the search over each of its schedules and over polynomial and logsnr of as
// many steps from the same first to the same last level; with AFS where the search was for AFS.
std::vector<StudentError> student_errors(const Denoiser& model, const Solver& student, const GitsRequest& request,
                                         const GitsSearch& search);

// The same with a schedule for each seed: indices[k] [N, nfe + 1] of request.nfe[k] (SearchResult::per_sample). `levels` are the
// medians over all seeds.
std::vector<StudentError> per_sample_errors(const Denoiser& model, const Solver& student, const GitsRequest& request,
                                            const GitsSearch& search, const std::vector<torch::Tensor>& indices);

// Level k of the schedules of all seeds: [quantiles, nfe + 1] float64, linear between those of neighbouring ranks.
torch::Tensor level_quantiles(const std::vector<double>& levels, const torch::Tensor& indices,
                              const std::vector<double>& quantiles);

}  // namespace farfield
