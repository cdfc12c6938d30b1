#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "analysis/page/series.h"

namespace farfield {

inline constexpr int kAxisRoom = 46;  // pixels left of every frame, so that panels and charts align

// One line: y over x, with a 95 % interval when low and high are given. Points with a value that is not finite, or not
// positive on a logarithmic axis, are left out, never moved.
struct Series {
  std::string label;
  SeriesStyle style;
  std::vector<double> x, y;
  std::vector<double> low, high;  // empty, or as long as y
};

enum class Scale { kLinear, kLog };

struct Axis {
  std::string title;  // with its unit
  Scale scale = Scale::kLinear;
  std::optional<std::pair<double, double>> range;  // absent: from the data
};

// Several lines in one frame. Values outside y.range are cut off at the frame.
struct Panel {
  Axis y;
  std::vector<Series> series;
  std::vector<double> guides;  // thin horizontal lines
  int height = 200;            // pixels
};

// Panels one below the other over one x-axis.
struct LineChart {
  Axis x;
  std::vector<Panel> panels;
  std::vector<double> guides = {};  // thin vertical lines through all panels; those outside the axis are left out
};

// The chart as Vega-Lite JSON, data inline. Its width is set by the page (analysis/page/report.js): lines are labelled
// at their ends where there is room, by a legend otherwise. Both are in the JSON; the page keeps one.
std::string line_chart(const LineChart& chart);

// Points [x, y] as a scatter plot with equal units on both axes.
struct PointCloud {
  std::string label;
  SeriesStyle style;
  std::vector<double> x, y;
};
std::string scatter_chart(const std::vector<PointCloud>& clouds, const std::string& x_title,
                          const std::string& y_title);

// A square of numbers above the diagonal, cell (i, j) at row i and column j, i < j: `upper` row i holds columns i + 1, ...
// Values below and above zero get two hues with white at zero, on a scale that is linear near zero and logarithmic
// far from it; values of one sign get one sequence. `marked` cells carry a dot. `labels` name rows and columns.
struct HeatMap {
  std::vector<std::vector<double>> upper;
  std::vector<std::string> labels;
  std::vector<std::pair<int64_t, int64_t>> marked;
  std::string x_title, y_title, value_title;
};
std::string heat_map(const HeatMap& map);

// The axis "noise level σ", logarithmic, over the positive ones of `sigmas` rounded outward to 1, 2 or 5 times a power
// of ten.
Axis sigma_axis(const std::vector<double>& sigmas);

}  // namespace farfield
