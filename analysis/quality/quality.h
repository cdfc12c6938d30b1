#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <torch/types.h>

#include "analysis/quality/frechet.h"
#include "analysis/quality/frechet_infinity.h"
#include "analysis/quality/kernel_distance.h"
#include "analysis/quality/memorisation.h"
#include "analysis/quality/precision_recall.h"
#include "analysis/quality/quality_sets.h"
#include "analysis/quality/sliced_wasserstein.h"
#include "analysis/stats/bootstrap.h"

namespace farfield {

// fd, kid, pr, dc, memorisation, sw, vendi on the command line.
enum class Measure { kFrechet, kKernel, kPrecisionRecall, kDensityCoverage, kMemorisation, kSliced, kVendi };
// "all", or names with commas between. usage_error for another name, or none.
std::vector<Measure> parse_measures(const std::string& text);

struct QualityOptions {
  std::vector<Measure> measures = parse_measures("all");
  int64_t blocks = 1;                  // equal parts of the samples, in their order; several sets are blocks themselves
  std::optional<int64_t> bootstrap{};  // replicates of the Fréchet interval; default 100, 10 above 256 dimensions
  int64_t subsets = 100, subset_size = 1000;  // of the kernel distance
  int64_t directions = 1000;                  // of the sliced Wasserstein distance
  int64_t most = 10000;                       // samples of a set in measures that look at all pairs
  uint64_t seed = 0;                          // of all that is drawn

  bool asks_for(Measure measure) const;
};

struct QualityInputs {
  GivenSets given{};
  std::string features{};  // "": usual_features()
  FeatureOptions feature_options{};
  int64_t batch = 64;  // samples at a time, for their features
  QualityOptions options{};
};

inline constexpr int64_t kPrecisionNeighbours = 3, kDensityNeighbours = 5;

// What was measured of some of the samples. What was not asked for, or could not be, is not there.
struct QualityBlock {
  std::string name{};            // of a run, or "part 2"
  size_t set = 0;                // of QualitySets::samples
  int64_t first = 0, count = 0;  // its samples
  torch::Tensor chosen{};        // [m] int64, the places in the block whose pairs were looked at, rising
  std::optional<FrechetDistance> frechet{};
  std::optional<Interval95> frechet_interval{};
  std::optional<FrechetInfinity> infinity{};
  std::optional<SubsetKernelDistance> kernel{};
  double kernel_of_all = 0;                    // of the chosen
  std::optional<PrecisionRecall> precision{};  // k = 3, borders in: precision, recall, realism
  std::optional<PrecisionRecall> density{};    // k = 5, borders out: density, coverage
  std::optional<Memorisation> copies{};        // of the chosen, against the whole reference
  std::optional<SlicedWasserstein> sliced{};
  std::optional<double> vendi{};
};

struct QualityRun {
  QualityInputs inputs;
  QualitySets sets{};
  int64_t replicates = 0;                    // of the Fréchet interval
  std::vector<QualityBlock> blocks{};        // the root's alone, as all that follows
  std::optional<Memorisation> held_out{};    // of at most as many held-out samples
  std::vector<double> held_out_distances{};  // a block: kolmogorov_distance() of its d1 and of theirs
  std::optional<double> reference_vendi{};
  std::vector<std::string> warnings{};  // why a number may mislead, and what was left out
};

}  // namespace farfield
