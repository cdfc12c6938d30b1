#include "analysis/study/student_errors.h"

#include <algorithm>

#include "analysis/stats/rms_error.h"
#include "samplers/sampler.h"
#include "samplers/schedules/noise_levels.h"

namespace farfield {
namespace {

constexpr int64_t kMostSeeds = 64;

// What is to be run, errors still open.
std::vector<StudentError> runs_of(const GitsRequest& request, const GitsSearch& search) {
  std::vector<StudentError> runs;
  for (const GitsSchedule& schedule : search.schedules) {
    runs.push_back({schedule.nfe, "gits", schedule.levels, 0, 0, 0});
    for (const char* name : {"polynomial", "logsnr"}) {
      const NoiseLevelOptions same_range{.schedule = name,
                                         .steps = static_cast<int64_t>(schedule.levels.size()) - 1,
                                         .sigma_min = request.levels.back(),
                                         .sigma_max = request.levels.front(),
                                         .final = "sigma_min"};
      runs.push_back({schedule.nfe, name, noise_levels(same_range), 0, 0, 0});
    }
  }
  return runs;
}

}  // namespace

std::vector<StudentError> student_errors(const Denoiser& model, const Solver& student, const GitsRequest& request,
                                         const GitsSearch& search) {
  SampleRequest sampling;
  const auto seeds = std::min(kMostSeeds, static_cast<int64_t>(request.seeds.size()));
  sampling.seeds.assign(request.seeds.begin(), request.seeds.begin() + seeds);
  sampling.batch = request.batch;
  sampling.afs = request.afs_student != nullptr;
  sampling.device = request.device;
  sampling.on_evaluation = request.on_evaluation;
  std::vector<StudentError> runs = runs_of(request, search);
  int64_t evaluations = 0;
  for (const StudentError& run : runs) {
    sampling.levels = run.levels;
    evaluations += count_evaluations(student, sampling);
  }
  if (request.on_phase) request.on_phase("student", seeds * evaluations);
  const auto teacher = search.ends.narrow(0, 0, seeds).flatten(1);
  for (StudentError& run : runs) {
    sampling.levels = run.levels;
    const auto difference = sample(model, student, sampling).x.flatten(1) - teacher;
    const RmsError error = rms_error(difference.square().mean(1));
    run.rms = error.rms, run.low = error.low, run.high = error.high;
  }
  return runs;
}

}  // namespace farfield
