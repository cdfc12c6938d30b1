#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "analysis/paths/part_store.h"
#include "core/run/run_folder.h"
#include "samplers/few_steps/fit_record.h"
#include "samplers/recorded_model.h"

namespace farfield {

// Who shows a solver of few steps where to go: a solver over many steps of the polynomial schedule.
struct TeacherSettings {
  std::string solver = "heun";  // SOLVER[,option=value...], deterministic
  int64_t steps = 40;
};

// Its ends for all seeds, those to learn from first.
struct FitTeacher {
  std::string key;   // JSON: all that decides the ends, but the seeds
  TeacherEnds ends;  // of all seeds
  int64_t nfe = 0;   // evaluations of a trajectory
  bool reused = false;
};

// From which to which level, and how.
struct TeacherRequest {
  TeacherSettings settings;
  double first = 0, last = 0;         // levels; last: the lowest above 0
  bool to_zero = false;               // and then to 0
  std::optional<int64_t> label = {};  // the class of every trajectory
  int64_t batch = 64;
  torch::Device device = torch::kCPU;
};

std::string teacher_key(const RecordedModel& model, const TeacherRequest& request);

// Computes the ends batch by batch; `parts` keeps finished ones.
FitTeacher teach(const RecordedModel& model, const TeacherRequest& request, const std::vector<int64_t>& seeds,
                 const PartStore& parts);

// teacher.npz and teacher.json in the folder of a fit.
void write_teacher(const FitTeacher& teacher, const RunFolder& folder);
// The ends of `seeds` from an earlier fit's `folder`. usage_error where it is of another key (naming the first difference) or lacks
// a seed; bad_file for a damaged one.
FitTeacher read_teacher(const std::filesystem::path& folder, const std::string& key, const std::vector<int64_t>& seeds);

// Some of the ends: `count` from `first` on.
TeacherEnds some_ends(const TeacherEnds& ends, int64_t first, int64_t count);

}  // namespace farfield
