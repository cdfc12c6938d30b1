#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/comm.h"
#include "core/data/source.h"

namespace farfield {

// What a data set is, as far as choosing the settings of a diffusion model needs it. Values are those models see:
// images in [-1, 1]. Standard deviations divide by the number of values.
struct DataStats {
  double mean = 0, sigma_data = 0;  // over all values; sigma_data is their standard deviation about that one mean (EDM)
  double lowest = 0, highest = 0;
  std::vector<double> channel_mean, channel_std;  // per entry of the sample's first dimension
  std::vector<int64_t> label_counts;              // per class; empty without labels
  int64_t duplicates = 0;                         // samples equal to an earlier one, byte for byte

  int64_t distance_samples = 0;  // Euclidean distances of all pairs among these many samples
  double median_distance = 0, largest_distance = 0;

  int64_t spectrum_samples = 0;                  // the covariance was measured on these many
  double total_variance = 0;                     // its trace
  std::vector<double> eigenvalues;               // its leading ones, descending
  int64_t components_90 = 0, components_99 = 0;  // how many eigenvectors hold 90 % and 99 % of the trace
};

struct DataStatsOptions {
  int64_t pair_samples = 2000;       // at most so many for distances, and for the spectrum where dim > full_dim; >= 2
  int64_t full_dim = 1024;           // up to this dimension the covariance is that of the whole data set
  int64_t leading_eigenvalues = 10;  // >= 1
  uint64_t seed = 0;                 // of the random subset
};

// Measures in float64, in one pass and, where there are more samples than pair_samples, on a random subset (named in the
// result). Memory: one block, the subset and two [dim, dim] matrices at most. Ranks that have the same data share the
// work (core/shards.h); each has the whole result, the same bits for any number of them.
DataStats measure_data(const DataSource& data, const DataStatsOptions& options = {}, Comm& comm = alone());

// DataStats::sigma_data alone, in one pass.
double measure_sigma_data(const DataSource& data);

// Settings that follow from the measurement, each with its reason in one line.
struct Suggestion {
  std::string setting;  // as in a training config: sigma_data, sigma_min, sigma_max
  double value;
  std::string reason;
};
std::vector<Suggestion> suggest_settings(const DataStats& stats, bool eight_bit);

}  // namespace farfield
