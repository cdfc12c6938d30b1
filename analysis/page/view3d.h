#pragma once

#include <array>
#include <string>
#include <vector>

#include "analysis/page/series.h"

namespace farfield {

// A line in three dimensions. Points with a coordinate that is not finite are left out.
struct Curve3d {
  std::string label;  // of the legend: lines of one label have one style, and one entry
  SeriesStyle style;
  std::vector<double> a, b, c;
};

// Lines in a box that the reader turns. Each axis has a scale of its own: the box is a cube whatever the units are.
struct View3d {
  std::array<std::string, 3> titles;  // of a and b, along the floor, and c, upwards
  std::vector<Curve3d> curves;        // tens; a mark at the first point of each is filled, that at the last is open
  double turn = 30, tilt = 22;        // degrees at the start: around the upright axis, and from above
};

// The view as JSON for a figure (analysis/page/report.h). It turns by dragging and by two sliders, which the keyboard moves; as
// drawn first, it is what is printed and saved.
std::string view_3d(const View3d& view);

}  // namespace farfield
