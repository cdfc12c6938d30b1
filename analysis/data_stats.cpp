#include "analysis/data_stats.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <unordered_set>

#include <fmt/format.h>

#include "core/data/loader.h"
#include "core/error.h"
#include "core/interrupts.h"
#include "core/math/eigen.h"
#include "core/math/moments.h"
#include "core/progress.h"

namespace farfield {
namespace {

constexpr int64_t kBlockElements = int64_t{1} << 23, kSubsetElements = int64_t{1} << 26;

int64_t dim_of(const DataSource& data) {
  int64_t dim = 1;
  for (const int64_t size : data.info().shape) dim *= size;
  return dim;
}

// Count, mean and squared deviations per channel; blocks merge by Chan et al. (1983).
struct ChannelSums {
  double count = 0;
  torch::Tensor mean, squares;

  void add(const torch::Tensor& block) {  // [n, C, values] float64
    const auto size = static_cast<double>(block.size(0) * block.size(2));
    const auto block_mean = block.mean({0, 2});
    const auto block_squares = (block - block_mean.unsqueeze(1)).square_().sum({0, 2});
    if (count == 0) {
      mean = torch::zeros_like(block_mean);
      squares = torch::zeros_like(block_mean);
    }
    const auto apart = block_mean - mean;
    squares += block_squares + apart.square() * (count * size / (count + size));
    mean += apart * (size / (count + size));
    count += size;
  }

  // The standard deviation of all values about their one mean.
  double deviation_about_all() const {
    return std::sqrt((squares / count + (mean - mean.mean()).square()).mean().item<double>());
  }
};

// Counts rows seen before. 64-bit hashes: two different rows count as equal with probability below N^2 / 2^65.
class RowSet {
 public:
  int64_t add(const torch::Tensor& rows) {  // [n, dim] float32
    int64_t known = 0;
    const size_t bytes = rows.size(1) * sizeof(float);
    const auto* data = static_cast<const char*>(rows.const_data_ptr());
    for (int64_t i = 0; i < rows.size(0); ++i) {
      known += !hashes_.insert(std::hash<std::string_view>()({data + i * bytes, bytes})).second;
    }
    return known;
  }

 private:
  std::unordered_set<size_t> hashes_;
};

std::vector<double> as_vector(const torch::Tensor& values) {
  const auto list = values.contiguous();
  return {list.const_data_ptr<double>(), list.const_data_ptr<double>() + list.numel()};
}

// The whole data set once: values, channels, duplicates and, when `moments` is given, its covariance.
void measure_values(const DataSource& data, DataStats& stats, Moments* moments) {
  const auto& info = data.info();
  const int64_t dim = dim_of(data), block = std::max<int64_t>(1, kBlockElements / dim);
  ChannelSums sums;
  RowSet seen;
  stats.lowest = std::numeric_limits<double>::infinity();
  stats.highest = -stats.lowest;
  Progress progress("measuring", info.count, "samples");
  for (int64_t first = 0; first < info.count; first += block) {
    stop_if_interrupted();
    const int64_t count = std::min(block, info.count - first);
    const auto rows = data.rows(first, count).flatten(1);
    stats.duplicates += seen.add(rows);
    stats.lowest = std::min(stats.lowest, rows.min().item<double>());
    stats.highest = std::max(stats.highest, rows.max().item<double>());
    sums.add(rows.to(torch::kFloat64).reshape({count, info.shape[0], -1}));
    if (moments != nullptr) moments->add(rows);
    progress.advance(count);
  }
  stats.channel_mean = as_vector(sums.mean);
  stats.channel_std = as_vector((sums.squares / sums.count).sqrt());
  stats.mean = sums.mean.mean().item<double>();
  stats.sigma_data = sums.deviation_about_all();
}

// Rows [n, dim] float64 of a random subset, all of them where they are few.
torch::Tensor random_rows(const DataSource& data, const DataStatsOptions& options) {
  const int64_t count = data.info().count;
  const int64_t fit = std::max<int64_t>(2, kSubsetElements / dim_of(data));
  auto order = epoch_order(options.seed, 0, count);
  order.resize(std::min({count, options.pair_samples, fit}));
  std::sort(order.begin(), order.end());
  return data.rows(torch::tensor(order, torch::kInt64)).flatten(1).to(torch::kFloat64);
}

// All pairs by |a - b|^2 = |a|^2 + |b|^2 - 2 ab: `gram` [n, n] holds the inner products of centred rows.
void measure_distances(const torch::Tensor& gram, DataStats& stats) {
  const int64_t count = stats.distance_samples = gram.size(0);
  if (count < 2) return;
  const auto norms = gram.diagonal();
  const auto squares = (norms.unsqueeze(0) + norms.unsqueeze(1)).sub_(gram, 2).clamp_min_(0);
  const auto pairs = torch::triu_indices(count, count, 1);
  const auto distances = squares.index({pairs[0], pairs[1]}).sqrt_();
  stats.median_distance = distances.median().item<double>();
  stats.largest_distance = distances.max().item<double>();
}

int64_t components_for(const torch::Tensor& cumulative, double share) {
  const double wanted = share * cumulative[-1].item<double>();
  return cumulative.lt(wanted).sum().item<int64_t>() + 1;
}

void measure_spectrum(const torch::Tensor& values, int64_t samples, const DataStatsOptions& options, DataStats& stats) {
  stats.spectrum_samples = samples;
  if (values.numel() == 0) return;
  stats.total_variance = values.sum().item<double>();
  stats.eigenvalues = as_vector(values.narrow(0, 0, std::min(options.leading_eigenvalues, values.size(0))));
  stats.components_90 = components_for(values.cumsum(0), 0.90);
  stats.components_99 = components_for(values.cumsum(0), 0.99);
}

double two_digits(double value) {
  if (!(value > 0)) return value;
  const double unit = std::pow(10.0, std::floor(std::log10(value)) - 1);
  return std::round(value / unit) * unit;
}

}  // namespace

DataStats measure_data(const DataSource& data, const DataStatsOptions& options) {
  check(options.pair_samples >= 2 && options.leading_eigenvalues >= 1, "data stats need 2 samples and 1 eigenvalue");
  DataStats stats;
  const bool full = dim_of(data) <= options.full_dim;
  Moments moments(full ? dim_of(data) : 1);
  measure_values(data, stats, full ? &moments : nullptr);
  if (data.labels().defined()) {
    const auto counts = data.labels().bincount({}, data.info().label_dim);
    stats.label_counts.assign(counts.const_data_ptr<int64_t>(), counts.const_data_ptr<int64_t>() + counts.numel());
  }
  // One matrix of inner products serves the distances and, as it has the covariance's eigenvalues, the spectrum.
  auto rows = random_rows(data, options);
  rows -= rows.mean(0);
  const auto gram = rows.matmul(rows.t());
  measure_distances(gram, stats);
  const int64_t samples = full ? data.info().count : rows.size(0);
  measure_spectrum(covariance_eigen(full ? moments.covariance() : gram / samples).values, samples, options, stats);
  return stats;
}

double measure_sigma_data(const DataSource& data) {
  const auto& info = data.info();
  const int64_t block = std::max<int64_t>(1, kBlockElements / dim_of(data));
  ChannelSums sums;
  for (int64_t first = 0; first < info.count; first += block) {
    stop_if_interrupted();
    const int64_t count = std::min(block, info.count - first);
    sums.add(data.rows(first, count).to(torch::kFloat64).reshape({count, info.shape[0], -1}));
  }
  return sums.deviation_about_all();
}

std::vector<Suggestion> suggest_settings(const DataStats& stats, bool eight_bit) {
  constexpr double kPixelStep = 2.0 / 255.0, kEdmRatio = 0.002 / 0.5;  // EDM: sigma_min 0.002 at sigma_data 0.5
  std::vector<Suggestion> suggestions;
  suggestions.push_back({"sigma_data", two_digits(stats.sigma_data),
                         "the standard deviation of all values: the preconditioning assumes it"});
  if (eight_bit) {
    suggestions.push_back({"sigma_min", 0.002,
                           fmt::format("below the rounding noise of 8-bit pixels, (2/255)/sqrt(12) = {:.4f}",
                                       kPixelStep / std::sqrt(12.0))});
  } else {
    suggestions.push_back({"sigma_min", two_digits(kEdmRatio * stats.sigma_data),
                           "EDM's ratio to sigma_data, 0.002 / 0.5"});
  }
  suggestions.push_back({"sigma_max", two_digits(std::max(stats.largest_distance, 4 * stats.sigma_data)),
                         fmt::format("the largest distance of two samples, {:.3g}: from there on all of them look alike "
                                     "(Song and Ermon 2020, technique 1)", stats.largest_distance)});
  return suggestions;
}

}  // namespace farfield
