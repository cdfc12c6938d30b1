#include "analysis/neighbours/nearest_curve.h"

#include <algorithm>

#include "analysis/page/charts.h"

namespace farfield {
namespace {

constexpr int64_t kMostPoints = 201;

// Parts p_i and the distances below which they are, rising.
Series quantiles(const NearestCurve& curve) {
  const torch::Tensor sorted = std::get<0>(curve.distances.sort());
  const int64_t count = sorted.numel(), points = std::min(count, kMostPoints);
  Series line{curve.label, curve.style, {}, {}, {}, {}};
  for (int64_t i = 0; i < points; ++i) {
    const int64_t place = points == 1 ? count - 1 : i * (count - 1) / (points - 1);
    line.x.push_back(sorted[place].item<double>());
    line.y.push_back(static_cast<double>(place + 1) / static_cast<double>(count));
  }
  return line;
}

}  // namespace

std::string nearest_chart(const std::vector<NearestCurve>& curves) {
  Panel panel{{"part of the samples", Scale::kLinear, std::pair(0.0, 1.02)}, {}, {}, 200};
  for (const NearestCurve& curve : curves) panel.series.push_back(quantiles(curve));
  return line_chart({{"distance to the nearest data point", Scale::kLinear, {}}, {panel}});
}

Table nearest_table(const std::vector<NearestCurve>& curves) {
  Table table{.columns = {"samples", "distance", "part"}, .rows = {}};
  for (const NearestCurve& curve : curves) {
    const Series line = quantiles(curve);
    for (size_t i = 0; i < line.x.size(); ++i) table.add({curve.label, line.x[i], line.y[i]});
  }
  return table;
}

}  // namespace farfield
