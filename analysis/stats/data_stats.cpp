#include "analysis/stats/data_stats.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string_view>
#include <unordered_set>

#include <fmt/format.h>

#include "core/data/loader.h"
#include "core/error.h"
#include "core/interrupts.h"
#include "core/long_call.h"
#include "core/math/eigen.h"
#include "core/math/moments.h"
#include "core/progress.h"
#include "core/shards.h"

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
    const auto block_mean = block.mean({0, 2});
    merge({static_cast<double>(block.size(0) * block.size(2)), block_mean,
           (block - block_mean.unsqueeze(1)).square_().sum({0, 2})});
  }

  void merge(const ChannelSums& other) {
    if (count == 0) {
      mean = torch::zeros_like(other.mean);
      squares = torch::zeros_like(other.squares);
    }
    const auto apart = other.mean - mean;
    squares += other.squares + apart.square() * (count * other.count / (count + other.count));
    mean += apart * (other.count / (count + other.count));
    count += other.count;
  }

  // The standard deviation of all values about their one mean.
  double deviation_about_all() const {
    return std::sqrt((squares / count + (mean - mean.mean()).square()).mean().item<double>());
  }
};

// [n] int64. Two different rows of N count as equal with probability below N^2 / 2^65.
torch::Tensor hashes_of(const torch::Tensor& rows) {  // [n, dim] float32
  const size_t bytes = rows.size(1) * sizeof(float);
  const auto* data = static_cast<const char*>(rows.const_data_ptr());
  auto hashes = torch::empty({rows.size(0)}, torch::kInt64);
  for (int64_t i = 0; i < rows.size(0); ++i) {
    hashes.data_ptr<int64_t>()[i] = static_cast<int64_t>(std::hash<std::string_view>()({data + i * bytes, bytes}));
  }
  return hashes;
}

std::vector<double> as_vector(const torch::Tensor& values) {
  const auto list = values.contiguous();
  return {list.const_data_ptr<double>(), list.const_data_ptr<double>() + list.numel()};
}

// What one pass over some rows finds: values, channels, hashes and, on request, the covariance.
struct Pass {
  ChannelSums sums;
  torch::Tensor range;  // [2] float64: lowest, highest
  Tensors hashes;       // of every row, in their order
  std::optional<Moments> moments;

  void add(const torch::Tensor& rows, const std::vector<int64_t>& shape) {  // [n, dim]
    hashes.push_back(hashes_of(rows));
    widen(torch::stack({rows.min(), rows.max()}).to(torch::kFloat64));
    sums.add(rows.to(torch::kFloat64).reshape({rows.size(0), shape[0], -1}));
    if (moments) moments->add(rows);
  }

  void merge(const Pass& other) {
    hashes.insert(hashes.end(), other.hashes.begin(), other.hashes.end());
    widen(other.range);
    sums.merge(other.sums);
    if (moments) moments->merge(*other.moments);
  }

  // How many rows equal an earlier one.
  int64_t duplicates() const {
    const auto all = torch::cat(hashes);
    const auto* begin = all.const_data_ptr<int64_t>();
    return all.numel() - static_cast<int64_t>(std::unordered_set<int64_t>(begin, begin + all.numel()).size());
  }

  Tensors state() const {
    Tensors tensors = {torch::full({1}, sums.count, torch::kFloat64), sums.mean, sums.squares, range,
                       torch::cat(hashes)};
    if (moments) {
      for (const auto& tensor : moments->state()) tensors.push_back(tensor);
    }
    return tensors;
  }
  static Pass from_state(const Tensors& state) {
    Pass pass{{state[0].item<double>(), state[1], state[2]}, state[3], {state[4]}, {}};
    if (state.size() > 5) pass.moments = Moments::from_state({state.begin() + 5, state.end()});
    return pass;
  }

 private:
  void widen(const torch::Tensor& other) {
    range = range.defined() ? torch::stack({torch::minimum(range[0], other[0]), torch::maximum(range[1], other[1])})
                            : other;
  }
};

// The whole data set once.
Pass measure_values(const DataSource& data, bool covariance, Comm& comm) {
  const auto& info = data.info();
  const int64_t dim = dim_of(data), block = std::max<int64_t>(1, kBlockElements / dim);
  const auto parts = shards_of_rows(info.count);
  const auto shift = data.rows(0, parts[0].size).flatten(1).mean(0, false, torch::kFloat64);
  Pass whole;
  if (covariance) whole.moments.emplace(dim);
  Progress progress("measuring", info.count, "samples");
  for_each_shard(comm, static_cast<int64_t>(parts.size()), [&](int64_t part) {
    const int64_t begin = parts[part].first, end = begin + parts[part].size;
    Pass own;
    if (covariance) own.moments.emplace(shift, begin);
    for (int64_t first = begin; first < end; first += block) {
      stop_if_interrupted();
      const int64_t count = std::min(block, end - first);
      own.add(data.rows(first, count).flatten(1), info.shape);
      progress.advance(count);
    }
    return own.state();
  }, [&](int64_t part, const Tensors& state) {
    whole.merge(Pass::from_state(state));
    if (!is_mine(comm, part)) progress.advance(parts[part].size);
  });
  return whole;
}

void keep_values(const Pass& pass, DataStats& stats) {
  stats.duplicates = pass.duplicates();
  stats.lowest = pass.range[0].item<double>();
  stats.highest = pass.range[1].item<double>();
  stats.channel_mean = as_vector(pass.sums.mean);
  stats.channel_std = as_vector((pass.sums.squares / pass.sums.count).sqrt());
  stats.mean = pass.sums.mean.mean().item<double>();
  stats.sigma_data = pass.sums.deviation_about_all();
}

// Rows [n] int64 of a random subset, all of them where they are few.
torch::Tensor random_order(const DataSource& data, const DataStatsOptions& options) {
  const int64_t count = data.info().count;
  const int64_t fit = std::max<int64_t>(2, kSubsetElements / dim_of(data));
  auto order = epoch_order(options.seed, 0, count);
  order.resize(std::min({count, options.pair_samples, fit}));
  std::sort(order.begin(), order.end());
  return torch::tensor(order, torch::kInt64);
}

// [2]: median and largest distance of all pairs, by |a - b|^2 = |a|^2 + |b|^2 - 2 ab: `gram` [n, n] holds the inner
// products of centred rows.
torch::Tensor measure_distances(const torch::Tensor& gram) {
  const int64_t count = gram.size(0);
  if (count < 2) return torch::zeros({2}, torch::kFloat64);
  const auto norms = gram.diagonal();
  const auto squares = (norms.unsqueeze(0) + norms.unsqueeze(1)).sub_(gram, 2).clamp_min_(0);
  const auto pairs = torch::triu_indices(count, count, 1);
  const auto distances = squares.index({pairs[0], pairs[1]}).sqrt_();
  return torch::stack({distances.median(), distances.max()});
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

DataStats measure_data(const DataSource& data, const DataStatsOptions& options, Comm& comm) {
  check(options.pair_samples >= 2 && options.leading_eigenvalues >= 1, "data stats need 2 samples and 1 eigenvalue");
  DataStats stats;
  const bool full = dim_of(data) <= options.full_dim;
  const Pass pass = measure_values(data, full, comm);
  keep_values(pass, stats);
  if (data.labels().defined()) {
    const auto counts = data.labels().bincount({}, data.info().label_dim);
    stats.label_counts.assign(counts.const_data_ptr<int64_t>(), counts.const_data_ptr<int64_t>() + counts.numel());
  }
  // One matrix of inner products serves the distances and, as it has the covariance's eigenvalues, the spectrum.
  const auto order = random_order(data, options);
  const auto measured = on_root(comm, [&] {
    auto rows = data.rows(order).flatten(1).to(torch::kFloat64);
    rows -= rows.mean(0);
    const double operations = 2 * static_cast<double>(rows.size(0)) * static_cast<double>(rows.numel());
    const auto gram = long_call("distances", operations, [rows] { return Tensors{rows.matmul(rows.t())}; })[0];
    const auto covariance = full ? pass.moments->covariance() : gram / rows.size(0);
    return Tensors{measure_distances(gram), covariance_eigen(covariance).values};
  });
  stats.distance_samples = order.numel();
  stats.median_distance = measured[0][0].item<double>();
  stats.largest_distance = measured[0][1].item<double>();
  measure_spectrum(measured[1], full ? data.info().count : order.numel(), options, stats);
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
    suggestions.push_back(
        {"sigma_min", two_digits(kEdmRatio * stats.sigma_data), "EDM's ratio to sigma_data, 0.002 / 0.5"});
  }
  suggestions.push_back(
      {"sigma_max", two_digits(std::max(stats.largest_distance, 4 * stats.sigma_data)),
       fmt::format("the largest distance of two samples, {:.3g}: from there on all of them look alike "
                   "(Song and Ermon 2020, technique 1)",
                   stats.largest_distance)});
  return suggestions;
}

}  // namespace farfield
