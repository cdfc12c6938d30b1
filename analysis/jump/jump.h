#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include <torch/types.h>

#include "analysis/jump/jump_frechet.h"
#include "analysis/paths/part_store.h"
#include "analysis/paths/path_space.h"
#include "analysis/paths/path_views.h"
#include "core/data/source.h"
#include "core/io/rows.h"
#include "samplers/sampler.h"

namespace farfield {

// ODE-Jump over a whole run ("A Geometric Perspective on Diffusion Models", section 5.2): from every state x_n of a
// trajectory the jump to D_n = D(x_n; sigma_n), all from one run of the solver.
struct JumpOptions {
  SampleRequest request = {};                   // as check_paths() takes it; trajectories and levels
  PathSpace space = PathSpace::kVe;             // of the states
  std::shared_ptr<const DataSource> data = {};  // for the distance from the nearest of them; may be null
  JumpFeatures features = {};                   // for Fréchet distances from the data, too
};

// Per trajectory, float64; L levels, n trajectories. Norms over all numbers of a sample.
struct Jump {
  std::vector<double> levels;                     // L, falling
  std::vector<int64_t> nfe;                       // L: denoiser calls that made x_n, counted; D_n takes one more
  torch::Tensor distance_x;                       // [n, L]   |x_n - x_{L-1}|
  torch::Tensor distance_d;                       // [n, L-1] |D_n - x_{L-1}|
  torch::Tensor neighbour_x;                      // [n, L]   to the nearest data point; undefined without data
  torch::Tensor neighbour_d;                      // [n, L-1]
  std::optional<JumpFrechet> frechet;             // where features were asked for
  std::vector<int64_t> shown_rows, shown_levels;  // of images: trajectories and levels (indices) that strips show
  PathViews views;                                // [rows, levels, ...shape]
};

// usage_error as check_paths() and evaluations_at_levels(), for data of another shape, and for features without data or with one
// trajectory; errors as open_features(). Batches are kept in `parts`;
// ranks share them (analysis/paths/path_batches.h).
Jump measure_jump(const Denoiser& model, const Solver& solver, const JumpOptions& options, const PartStore& parts = {},
                  Comm& comm = alone());

// jump.csv: step, sigma, nfe_x, nfe_d, then mean, std, low, high (95 % over trajectories) of distance_x, distance_d and, with
// data, neighbour_x, neighbour_d; with features frechet_x, frechet_d. D does not exist at the last level: empty cells.
Table jump_table(const Jump& jump);

// What a run says in a line. The jump comes within half of its first distance from the final sample after `nfe_jump`
// evaluations, the state itself after `nfe_state`, means over trajectories; nothing where it never does.
struct JumpSummary {
  double half_distance;
  std::optional<int64_t> nfe_jump, nfe_state;
  std::vector<double> jump_farther;  // levels at which D is on average not nearer to the final sample than x
};
JumpSummary summarise(const Jump& jump);

}  // namespace farfield
