#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <torch/types.h>

#include "analysis/paths/part_store.h"
#include "analysis/similarity/perceptual_distance.h"
#include "core/comm.h"
#include "core/io/rows.h"
#include "core/math/mixture_stats.h"
#include "core/run/run_call.h"
#include "core/run/run_folder.h"
#include "models/denoiser.h"
#include "models/operators/operator.h"

namespace farfield {

// What is restored, by whom.
struct RestoreInputs {
  std::shared_ptr<const Denoiser> model;
  std::shared_ptr<const Operator> op;
  torch::Tensor y;           // [N, ...measurement_shape] float64
  torch::Tensor truth = {};  // [N, ...shape] float64, undefined where it is not known
  // In closed form: then samples are compared with its exact posterior. Nothing: the model's, where it has one.
  std::optional<MixtureStats> prior = {};
  std::string model_text, measured_text;            // as they were named: MODEL; the data or the file
  std::string method = "diffpir", solver = "heun";  // as make_method() and make_solver() take them
};

struct RestoreOptions {
  double sigma_y = 0;                   // of y's noise, in units of [-1, 1]
  std::vector<double> levels;           // falling to 0
  int64_t samples = 1;                  // of every measurement, >= 1
  int64_t seed = 0;                     // sample j of measurement i has seed + i samples + j
  std::optional<int64_t> label = {};    // the class that the model is asked for
  int64_t batch = 64;                   // samples at a time; does not change them
  std::optional<double> teleport = {};  // start from the exact posterior of one Gaussian, carried to this level
  PerceptualRequest perceptual = {};    // of samples and truths
  torch::Device device = torch::kCPU;
};

// All on the CPU.
struct RestoreRun {
  RestoreInputs inputs;
  RestoreOptions options;
  std::string method;               // with every option
  bool takes_solver = false;        // whether inputs.solver was used
  torch::Tensor x;                  // [N, samples, ...shape] float64
  torch::Tensor before;             // [N, ...shape]: A^+ y, undefined where the operator is not linear
  torch::Tensor psnr, psnr_before;  // [N, samples], [N]: 10 log10(4 / mean square error); undefined without truth
  torch::Tensor residual;           // [N, samples]: |y - A x| / sqrt(m)
  torch::Tensor perceptual;         // [N, samples]: distance from the truth; undefined where no network was asked
  torch::Tensor posterior_mean, posterior_deviation;  // [N, d]: exact; undefined without a prior in closed form
  int64_t nfe = 0, products = 0;                      // of one sample, counted; of the slowest batch
  double seconds = 0;
};

// What `farfield restore` and Python's restore() compute. usage_error for shapes that do not fit, levels that do not end at 0, a
// perceptual network without truths, and as make_method(). A sample depends on its seed and measurement alone, to rounding. Ranks share the batches; batches that
// `parts` holds are not computed anew.
RestoreRun run_restore(RestoreInputs inputs, RestoreOptions options, const PartStore& parts = {}, Comm& comm = alone());

// One sentence: how near, how well it fits, what it cost.
std::string restore_headline(const RestoreRun& run);
// restored.csv: measurement, sample, seed, psnr_db, psnr_before_db, residual, residual_over_sigma_y, perceptual.
Table restore_table(const RestoreRun& run);
std::string restore_result_json(const RestoreRun& run);  // run.json's `result`

// Writes restored.npz, measurement.npz, restored.csv and report.html and commits the folder; returns the headline.
std::string save_restore(const RestoreRun& run, const RunCall& call, RunInfo info, RunFolder& folder);

}  // namespace farfield
