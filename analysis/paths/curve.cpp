#include "analysis/paths/curve.h"

#include <cmath>

#include "analysis/stats/bootstrap.h"
#include "core/error.h"

namespace farfield {
namespace {

constexpr int64_t kReplicates = 1000;
constexpr uint64_t kBootstrapSeed = 0;

}  // namespace

Curve curve_of(const torch::Tensor& values) {
  check(values.dim() == 2 && values.size(0) > 0 && values.scalar_type() == torch::kFloat64, "curve_of: [n, L] float64");
  const int64_t levels = values.size(1);
  const torch::Tensor has = values.isfinite();
  const torch::Tensor present = torch::where(has, values, torch::zeros_like(values));
  const torch::Tensor weight = has.to(torch::kFloat64), count = weight.sum(0), mean = present.sum(0) / count;
  const torch::Tensor spread =
      (torch::where(has, values - mean, torch::zeros_like(values)).square().sum(0) / count).sqrt();
  const torch::Tensor totals = resampled_totals(torch::cat({present, weight}, 1), kReplicates, kBootstrapSeed);
  const torch::Tensor means = totals.narrow(1, 0, levels) / totals.narrow(1, levels, levels);
  Curve curve;
  for (int64_t level = 0; level < levels; ++level) {
    const Interval95 interval = percentile_interval(means.select(1, level).contiguous());
    curve.mean.push_back(mean[level].item<double>());
    curve.std.push_back(spread[level].item<double>());
    curve.low.push_back(interval.low);
    curve.high.push_back(interval.high);
    curve.count.push_back(static_cast<int64_t>(count[level].item<double>()));
  }
  return curve;
}

Average average_of(const torch::Tensor& values) {
  const Curve curve = curve_of(values.reshape({-1, 1}));
  return {curve.mean[0], curve.std[0], curve.low[0], curve.high[0], curve.count[0]};
}

Series curve_series(const std::string& label, const SeriesStyle& style, const std::vector<double>& levels,
                    const Curve& curve) {
  Series series{label, style, {}, {}, {}, {}};
  for (size_t level = curve.mean.size(); level-- > 0;) {
    if (!std::isfinite(curve.mean[level])) continue;
    series.x.push_back(levels[level]);
    series.y.push_back(curve.mean[level]);
    series.low.push_back(std::isfinite(curve.low[level]) ? curve.low[level] : curve.mean[level]);
    series.high.push_back(std::isfinite(curve.high[level]) ? curve.high[level] : curve.mean[level]);
  }
  return series;
}

}  // namespace farfield
