#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analysis/geometry/path_geometry.h"
#include "analysis/geometry/reconstruction.h"
#include "analysis/paths/part_store.h"
#include "core/comm.h"
#include "core/data/source.h"
#include "core/run/run_call.h"
#include "core/run/run_folder.h"
#include "models/denoiser.h"
#include "samplers/model_levels.h"
#include "samplers/sampler.h"

namespace farfield {

// Whose trajectories are measured.
struct GeometryInputs {
  std::string model_text;  // the MODEL as it was named, for the record; "" for a denoiser that has none
  std::shared_ptr<const Denoiser> model;
  std::shared_ptr<const DataSource> data;  // of the exact denoiser, the Gaussian and the forward process; may be null
};

// How.
struct GeometryRequest {
  std::string solver = "euler";
  SampleRequest sampling;  // levels, seeds or latents, classes, batch, device
  GeometryOptions measures;
};

// What "On the Trajectory Regularity of ODE-based Diffusion Sampling" measures along, where a formula's schedule leaves
// it open: 100 steps to sigma_min.
ScheduleRequest documented_schedule(ScheduleRequest schedule);

// The measures of some trajectories, `arrays` as measure_geometry() has them with one row a seed.
struct MeasuredPaths {
  std::string name, kind;  // "network glyphs.safetensors"; DenoiserInfo::kind, for the charts
  std::string suffix;      // of its files: "", "-exact", "-gaussian"
  Arrays arrays;
  int64_t nfe = 0;  // denoiser calls of one trajectory; 0 for a closed form
};

// Trajectories that were measured.
struct GeometryRun {
  GeometryInputs inputs;
  GeometryRequest request;
  std::vector<double> levels;        // L, as the solver visited them
  int64_t dimensions = 0;            // d, numbers in a sample
  std::vector<MeasuredPaths> paths;  // the model's; with data also the exact denoiser's and the Gaussian's closed form
  torch::Tensor forward;             // [n, L] |y + sigma n|; undefined without data
  torch::Tensor forward_uniform;     // [n, 500], at forward_levels()
  double mean_square = 0;            // of the data: the mean of |y|^2
  ReconstructionViews views;         // of the first trajectories of the model, images only; on the root
};

// What `farfield geometry` and Python's geometry() compute: analysis of "A Geometric Perspective on Diffusion Models"
// (section 3) and "On the Trajectory Regularity of ODE-based Diffusion Sampling" (section 3, A.3.3). The exact denoiser
// (of each class by itself where model and data have classes) runs from the same noise by the same solver. Batch after
// batch: `parts` keeps them, ranks share them; every rank has the result. usage_error as check_paths(), for more than
// kMostGeometryLevels levels, and for data of another shape.
GeometryRun run_geometry(GeometryInputs inputs, GeometryRequest request, const PartStore& parts = {},
                         Comm& comm = alone());

// Writes the output of `farfield geometry` (docs/formats.md) and commits the folder. `info`: begun by the caller.
void save_geometry(const GeometryRun& run, const RunCall& call, RunInfo info, RunFolder& folder);

// The finding in one sentence, with its number.
std::string geometry_headline(const GeometryRun& run);

}  // namespace farfield
