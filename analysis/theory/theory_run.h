#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "analysis/paths/part_store.h"
#include "analysis/paths/path.h"
#include "analysis/paths/path_views.h"
#include "analysis/theory/directions.h"
#include "analysis/theory/emergence.h"
#include "analysis/theory/noise_process.h"
#include "core/comm.h"
#include "core/math/gaussian_stats.h"
#include "models/denoiser.h"
#include "samplers/sampler.h"

namespace farfield {

// Whose theory it is. Without a Gaussian the theory is that of eigenvalues alone, without a model of the Gaussian alone.
struct TheoryInputs {
  std::optional<GaussianStats> gaussian = {};
  std::string gaussian_text = {};              // how it was named
  std::vector<int64_t> sample_shape = {};      // of its data
  std::shared_ptr<const Denoiser> model = {};  // may be null
  std::string model_text = {};
};

struct TheoryOptions {
  std::string process = "ve";  // of the curves: process_names()
  std::string space = "ve";    // of the strips: parse_space()
  std::vector<double> eigenvalues =
      {};  // of the curves; empty: those of the components, without a Gaussian 0.01 ... 100
  std::vector<int64_t> components = {};  // of curves and experiment; empty: about five over the spectrum
  std::vector<double> perturb_at = {};   // noise levels, moved to the nearest of the run; empty: about five of them
  double delta = 0.05;                   // of PerturbationPlan
  int64_t perturbed = 4;                 // trajectories of the experiment, the first ones; 0: no experiment
  std::string solver = "heun";
  SampleRequest request = {};  // seeds, levels, batch, device of the trajectories

  void validate() const;  // usage_error naming option, value and constraint
};

// A theory with what was measured beside it. Arrays are float64 [n, ...] over trajectories: those of measure_theory() with
// "model_" and "gaussian_" before their names (none without a Gaussian of data), and those of the experiment.
struct TheoryRun {
  TheoryInputs inputs;
  TheoryOptions options;
  GaussianStats gaussian;  // of the inputs, or of the eigenvalues alone
  NoiseProcess process;
  std::vector<double> eigenvalues;        // of the curves
  std::vector<int64_t> curve_components;  // their components; empty where eigenvalues were given
  std::vector<EmergenceRow> emergence;
  Directions directions;
  std::vector<double> levels;  // L, of the trajectories
  Arrays paths;
  std::vector<double> perturbed_levels;    // M
  Arrays perturbations;                    // "along", "size" [n, M, K (+1)]; empty: no experiment
  std::vector<int64_t> shown_levels;       // of the strips: indices of levels
  std::map<std::string, PathViews> shown;  // of the first trajectories, by path: "model", "gaussian"; on the root
  int64_t nfe = 0;                         // of one trajectory of the model; on the root
};

// What `farfield theory` and Python's theory() compute. `parts`, `perturbation_parts`: where finished batches are kept.
TheoryRun run_theory(TheoryInputs inputs, TheoryOptions options, const PartStore& parts = {},
                     const PartStore& perturbation_parts = {}, Comm& comm = alone());

// Of one path in variance-exploding scales: "coordinates" [n, L, 2], "share", "rotation_error" [n, L] (rotation_plane()),
// "drift", "prediction_error", "denoised_error" [n, L-1], "prediction_along", "denoised_along" [n, L-1, K] (conserved_quantity()),
// "coefficient", "energy_share" [n, R], "energy_rest" [n] (noise_map(), R at most 256).
Arrays measure_theory(const Path& path, const GaussianStats& gaussian, const Directions& directions);
std::vector<std::string> theory_arrays();  // the names of these

}  // namespace farfield
