#include "analysis/neighbours/nearest_curve.h"

#include "analysis/page/charts.h"
#include "analysis/page/part_series.h"

namespace farfield {
namespace {

Series nearest_series(const NearestCurve& curve) { return part_series(curve.label, curve.style, curve.distances); }

}  // namespace

std::string nearest_chart(const std::vector<NearestCurve>& curves) {
  Panel panel{{"part of the samples", Scale::kLinear, std::pair(0.0, 1.02)}, {}, {}, 200};
  for (const NearestCurve& curve : curves) panel.series.push_back(nearest_series(curve));
  return line_chart({{"distance to the nearest data point", Scale::kLinear, {}}, {panel}});
}

Table nearest_table(const std::vector<NearestCurve>& curves) {
  Table table{.columns = {"samples", "distance", "part"}, .rows = {}};
  for (const NearestCurve& curve : curves) {
    const Series line = nearest_series(curve);
    for (size_t i = 0; i < line.x.size(); ++i) table.add({curve.label, line.x[i], line.y[i]});
  }
  return table;
}

}  // namespace farfield
