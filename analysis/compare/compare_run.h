#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "analysis/compare/compare_report.h"
#include "analysis/compare/comparison.h"
#include "analysis/compare/earlier_runs.h"
#include "analysis/compare/perceptual_ends.h"
#include "analysis/compare/references.h"
#include "analysis/paths/part_store.h"
#include "core/comm.h"
#include "core/data/source.h"
#include "core/run/run_call.h"
#include "core/run/run_folder.h"
#include "samplers/model_levels.h"

namespace farfield {

// What a comparison is held against unless something else is asked for.
inline constexpr const char* kDefaultReferences = "isotropic,gaussian,mixture,components=10,delta";

// Who is compared, opened.
struct CompareInputs {
  Subject model;
  References references;
  std::shared_ptr<const DataSource> data;  // of the data probes; may be null: noise probes only
  std::string model_text;                  // the model as it was named, for the record
  std::vector<std::string> opened;         // MODEL texts whose files go on record
};

// How. Without anything said the trajectories are Heun's over the default schedule.
struct CompareRunOptions {
  CompareOptions probes;          // sigmas empty: default_sigmas()
  std::string seeds = "0-31";     // of the trajectories, as parse_seeds() takes them
  std::string solver = "heun";    // of the trajectories, as make_solver() takes it
  ScheduleRequest schedule;       // of the trajectories
  std::string space = "ve";       // of the trajectories, as parse_space() takes it
  std::optional<int64_t> label;   // the class that all are asked for; choose_class()
  bool own_classes = false;       // instead: choose_own_classes()
  std::string band = "interval";  // of the trajectories, as parse_band() takes it
  PerceptualRequest perceptual;   // of the final samples
  std::optional<double> budget;   // seconds for the costly references of `all`, about; nothing: kCostlyProbes and so on
};

// A comparison that was made: `options` with the noise levels that were chosen, rows on the root alone.
struct CompareRun {
  CompareInputs inputs;
  CompareRunOptions options;
  CompareResult result;
  std::vector<std::string> shares;  // what is measured in part: "els-border: 2000 of 60000 samples; 32 probes at ..."
};

// What `farfield compare` and Python's compare() compute. As compare() and compare_trajectories(), which it calls.
// `parts` keep what is finished of costly references (shares.h).
CompareRun run_compare(CompareInputs inputs, CompareRunOptions options, const PartStore& parts = {},
                       Comm& comm = alone());

// Writes the whole output of `farfield compare` (write_comparison()) and commits the folder. `info`: begun by the caller.
void save_compare(const CompareRun& run, const RunCall& call, const EarlierRuns& earlier, RunInfo info,
                  RunFolder& folder);

}  // namespace farfield
