#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <torch/types.h>

#include "analysis/paths/part_store.h"
#include "analysis/quality/set_measures.h"
#include "samplers/gits/search_run.h"
#include "samplers/recorded_model.h"

namespace farfield {

// Schedule searches again and again, over the values of one option and over blocks of seeds: how much the schedules, what
// they are worth and what they cost depend on it (Chen et al. 2024, tables 4, 6, 7, 9).

enum class Varied { kWarmup, kPoints, kGamma };

struct Variation {
  Varied what = Varied::kWarmup;
  std::string name;            // "warmup", "points", "gamma"
  std::vector<double> values;  // rising
};

// "warmup=16,64", "points=11,21" or "gamma=1.05,1.1". usage_error for anything else and values out of range.
Variation parse_variation(const std::string& text);

struct AblationOptions {
  SearchOptions search;  // all that is not varied; without AFS, and seeds by warmup alone
  std::string vary = "warmup=16,64,256";
  int64_t repeats = 5;             // repeat r searches from seeds r W, ..., W the most warm-up trajectories of a search
  int64_t test_seeds = 1024;       // of the errors: the seeds after those of all repeats
  SetMeasureRequest measure = {};  // of the student's ends against data, too

  void validate() const;  // usage_error
};

struct Ablation {
  Variation variation;
  std::vector<int64_t> nfe;
  // All float64, V values, E budgets, R repeats.
  torch::Tensor rms;      // [V, E, R] root mean square per number, over the test seeds, of the student's ends from the
                          // teacher's over the finest grid
  torch::Tensor levels;   // [V, E, R, most + 1] the schedules, NaN behind their ends; most: the largest budget
  torch::Tensor seconds;  // [V, R, 3] of a search: teacher, costs, dynamic program
  std::shared_ptr<const SetMeasures> against = {};  // null where nothing was measured
  torch::Tensor measures = {};  // [V, E, R, M] of the student's ends, in the order of against->measures()
};

// One teacher run over the most warm-up trajectories serves every smaller number and every gamma; each number of points has
// a teacher of its own, whose grid is no part of another. With one repeat and one gamma the schedules are run_search()'s.
// Repeats that `parts` keeps are read; the others are kept there.
Ablation run_ablation(const RecordedModel& model, const AblationOptions& options, const PartStore& parts = {});

}  // namespace farfield
