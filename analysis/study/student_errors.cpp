#include "analysis/study/student_errors.h"

#include <algorithm>
#include <map>

#include "analysis/stats/rms_error.h"
#include "samplers/integrate.h"
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

// What every run of the student has in common.
SampleRequest sampling_of(const GitsRequest& request, int64_t seeds) {
  SampleRequest sampling;
  sampling.seeds.assign(request.seeds.begin(), request.seeds.begin() + seeds);
  sampling.batch = request.batch;
  sampling.afs = request.afs_student != nullptr;
  sampling.device = request.device;
  sampling.on_evaluation = request.on_evaluation;
  return sampling;
}

// Rows of `indices` that are the same schedule run together: their seeds by its indices.
std::map<std::vector<int64_t>, std::vector<int64_t>> rows_by_schedule(const torch::Tensor& indices, int64_t rows) {
  std::map<std::vector<int64_t>, std::vector<int64_t>> groups;
  const auto of = indices.accessor<int64_t, 2>();
  for (int64_t row = 0; row < rows; ++row) {
    std::vector<int64_t> schedule;
    for (int64_t k = 0; k < indices.size(1); ++k) schedule.push_back(of[row][k]);
    groups[schedule].push_back(row);
  }
  return groups;
}

// The mean squares of the seeds whose rows these are, each over a schedule of its own.
torch::Tensor squares_of_own(const Denoiser& model, const Solver& student, const GitsRequest& request,
                             const torch::Tensor& teacher, const torch::Tensor& indices) {
  SampleRequest sampling = sampling_of(request, 0);
  torch::Tensor squares = torch::empty({teacher.size(0)}, torch::kFloat64);
  for (const auto& [schedule, rows] : rows_by_schedule(indices, teacher.size(0))) {
    sampling.levels.clear();
    sampling.seeds.clear();
    for (const int64_t index : schedule) sampling.levels.push_back(request.levels[index]);
    for (const int64_t row : rows) sampling.seeds.push_back(request.seeds[row]);
    const auto places = torch::tensor(rows, torch::kInt64);
    const auto difference = sample(model, student, sampling).x.flatten(1) - teacher.index_select(0, places);
    squares.index_copy_(0, places, difference.square().mean(1));
  }
  return squares;
}

}  // namespace

torch::Tensor level_quantiles(const std::vector<double>& levels, const torch::Tensor& indices,
                              const std::vector<double>& quantiles) {
  const auto chosen = torch::tensor(levels, torch::kFloat64).index({indices});
  return torch::quantile(chosen, torch::tensor(quantiles, torch::kFloat64), /*dim=*/0);
}

std::vector<StudentError> per_sample_errors(const Denoiser& model, const Solver& student, const GitsRequest& request,
                                            const GitsSearch& search, const std::vector<torch::Tensor>& indices) {
  if (indices.empty()) return {};
  const auto seeds = std::min(kMostSeeds, static_cast<int64_t>(request.seeds.size()));
  const auto teacher = search.ends.narrow(0, 0, seeds).flatten(1);
  int64_t evaluations = 0;
  for (const GitsSchedule& schedule : search.schedules) evaluations += count_evaluations(student, schedule.levels);
  if (request.on_phase) request.on_phase("student, a schedule a seed", seeds * evaluations);
  std::vector<StudentError> errors;
  for (size_t k = 0; k < indices.size(); ++k) {
    const RmsError error = rms_error(squares_of_own(model, student, request, teacher, indices[k]));
    const auto medians = level_quantiles(request.levels, indices[k], {0.5})[0].contiguous();
    const double* first = medians.const_data_ptr<double>();
    errors.push_back(
        {request.nfe[k], "per_sample", {first, first + medians.numel()}, error.rms, error.low, error.high});
  }
  return errors;
}

std::vector<StudentError> student_errors(const Denoiser& model, const Solver& student, const GitsRequest& request,
                                         const GitsSearch& search) {
  const auto seeds = std::min(kMostSeeds, static_cast<int64_t>(request.seeds.size()));
  SampleRequest sampling = sampling_of(request, seeds);
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
