#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <torch/types.h>

#include "analysis/paths/part_store.h"
#include "core/comm.h"
#include "core/io/rows.h"
#include "samplers/sampler.h"

namespace farfield {

// Which of several denoisers, one a patch size, has a model's score: at each level and on the model's own trajectories.
enum class SizeMeasure {
  kCosine,    // the largest cosine of the two scores
  kDistance,  // the smallest |s_size - s_model|
};
SizeMeasure parse_measure(const std::string& text);  // "cosine" or "distance"
std::string to_string(SizeMeasure measure);

struct CalibrationOptions {
  SampleRequest request = {};  // as check_paths() takes it; trajectories and levels
  SizeMeasure by = SizeMeasure::kCosine;
};

// Of n trajectories at L levels, S sizes. Where a score is 0 there is no cosine (NaN), and the size counts as the worst.
struct Calibration {
  std::vector<double> levels;      // L, falling, > 0: those at which the model was evaluated
  std::vector<int64_t> sizes;      // S, rising
  torch::Tensor cosine, distance;  // [n, L, S] float64
  torch::Tensor chosen;            // [n, L] int64: the best size of each state; the smallest of several
  std::vector<int64_t> median;     // L: of the chosen sizes, the lower one of an even number
  std::vector<int64_t> mode;       // L: the commonest, the smallest of several
};

// `candidates`: one a size. Scores are (D - x) / sigma^2 at the same x. usage_error as check_paths(), and for candidates of
// another shape. Labels go to the candidates that take any. Batches are kept in `parts`; ranks share them.
Calibration calibrate(const Denoiser& model, const std::vector<int64_t>& sizes,
                      const std::vector<std::shared_ptr<const Denoiser>>& candidates, const Solver& solver,
                      const CalibrationOptions& options, const PartStore& parts = {}, Comm& comm = alone());

// The grid of Kamb and Ganguli: tan((pi / 2) i / (20 * 1.008)), i = 20 ... 1, and 0.
std::vector<double> published_calibration_levels();
// 3, 5, ..., 17: those that are at most `most`.
std::vector<int64_t> published_sizes_up_to(int64_t most);

// calibration.csv: sigma, size (the median), mode, then for each size K cosine_K and distance_K, means over trajectories.
Table calibration_table(const Calibration& calibration);
// What the kinds read as table=FILE (docs/formats.md), for images whose shorter side is `resolution`. `about`: a comment.
std::string size_table_yaml(const Calibration& calibration, int64_t resolution, const std::string& about);

}  // namespace farfield
