#include "analysis/geometry/forward_process.h"

#include <algorithm>
#include <cmath>

#include "core/math/random.h"
#include "models/analytic/fit.h"

namespace farfield {
namespace {

constexpr uint64_t kForwardSample = 0x666f7277'73616d70, kForwardNoise = 0x666f7277'6e6f6973;  // keep streams apart

}  // namespace

std::vector<double> forward_levels(double sigma_max) {
  std::vector<double> levels;
  for (int64_t i = 0; i < kForwardLevels; ++i)
    levels.push_back(sigma_max * static_cast<double>(i) / static_cast<double>(kForwardLevels - 1));
  return levels;
}

torch::Tensor forward_norms(const DataSource& data, std::span<const int64_t> seeds, const std::vector<double>& levels,
                            PathSpace space) {
  const int64_t size = dim_of(data), count = static_cast<int64_t>(levels.size());
  torch::Tensor norms = torch::empty({static_cast<int64_t>(seeds.size()), count}, torch::kFloat64);
  torch::Tensor noise = torch::empty({size}, torch::kFloat64);
  double* out = norms.mutable_data_ptr<double>();
  const PathScales scales(levels, space);
  for (const int64_t seed : seeds) {
    const auto key = static_cast<uint64_t>(seed);
    const auto row = static_cast<int64_t>(
        SplitMix64(mix_key({key, kForwardSample})).below(static_cast<uint64_t>(data.info().count)));
    fill_normal(mix_key({key, kForwardNoise}), noise.mutable_data_ptr<double>(), size);
    const torch::Tensor sample = data.rows(row, 1).flatten().to(torch::kFloat64);
    // One product each serves all levels: |y + sigma n|^2 = |y|^2 + 2 sigma <y, n> + sigma^2 |n|^2.
    const double y_y = sample.square().sum().item<double>(), y_n = (sample * noise).sum().item<double>(),
                 n_n = noise.square().sum().item<double>();
    for (int64_t i = 0; i < count; ++i) {
      const double sigma = levels[i], square = y_y + sigma * (2 * y_n + sigma * n_n);
      *out++ = scales.state[i] * std::sqrt(std::max(0.0, square));
    }
  }
  return norms;
}

double mean_square_norm(const DataSource& data) {
  double sum = 0;
  for_each_rows(data, [&](const torch::Tensor& rows) { sum += rows.square().sum().item<double>(); });
  return sum / static_cast<double>(data.info().count);
}

}  // namespace farfield
