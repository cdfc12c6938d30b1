#pragma once

#include <memory>
#include <string>
#include <vector>

#include "analysis/deviation/deviation.h"
#include "analysis/paths/part_store.h"
#include "core/comm.h"
#include "core/run/run_call.h"
#include "core/run/run_folder.h"
#include "models/registry/model_registry.h"

namespace farfield {

// What the model is held against unless something else is asked for.
inline constexpr const char* kDefaultOptimum = "delta";

// Who is measured, opened, with their names for the record.
struct DeviationInputs {
  DeviationSubject subject;
  std::string model_text, optimal_text;
};

// D* of `text`: a MODEL, fitted to `data` where it has no SRC of its own. "delta" is the exact denoiser of the data, of each
// class by itself where both model and data have classes, which is what a class-conditional model is an estimate of.
std::shared_ptr<const Denoiser> open_optimum(const std::string& text, const DenoiserInfo& model,
                                             const ModelOptions& options);

// The sequences of a few trajectories, [S, steps, ...shape] float32 each: images only, `forward` only from data; undefined
// else.
struct DeviationStrips {
  torch::Tensor forward;                            // y + sigma_n z
  torch::Tensor x, denoised, optimal;               // x_n, D(x_n), D*(x_n)
  torch::Tensor star, star_denoised, star_optimal;  // x*_n, D(x*_n), D*(x*_n)
};

// Trajectories that were measured. On every rank.
struct DeviationRun {
  DeviationInputs inputs;
  DeviationRequest request;
  std::vector<double> levels;  // L, as the solver visited them
  Arrays measures;             // of deviation_names(), [n, L]
  Arrays neighbours;           // of neighbour_names(), [n, k]
  DeviationStrips strips;      // of the first trajectories
  int64_t nfe = 0;             // denoiser calls of one trajectory, counted
};

// What `farfield deviation` and Python's deviation() compute. Batch after batch: `parts` keeps them, ranks share them.
// usage_error as check_deviation().
DeviationRun run_deviation(DeviationInputs inputs, DeviationRequest request, const PartStore& parts = {},
                           Comm& comm = alone());

// Writes the output of `farfield deviation` (docs/formats.md) and commits the folder; returns the headline. `info`: begun by the
// caller.
std::string save_deviation(const DeviationRun& run, const RunCall& call, RunInfo info, RunFolder& folder);

// The finding in one sentence, with its number.
std::string deviation_headline(const DeviationRun& run);

}  // namespace farfield
