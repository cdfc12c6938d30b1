#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace farfield {

// A vector field in a plane at one level, on the points of a grid: x and y (rising) of its columns and rows, and of every point, row
// after row, the vector and the number that colours it.
struct FieldPanel {
  std::string title;  // above it; empty: none
  std::vector<double> u, v, heat;
  // "#rrggbb" of every point, instead of those that the numbers get; empty: none.
  std::vector<std::string> colours = {};
};

// Panels of one grid: rows and columns of them, arrows over squares of colour. Every column has one scale of colours, so that
// its rows can be compared; arrows grow with the root of a vector's length, the longest of a column nearly as long as two of them are apart.
struct FieldChart {
  std::vector<double> x, y;                       // of the grid
  std::vector<std::string> rows;                  // names, left of the panels
  std::vector<std::vector<FieldPanel>> panels;    // [rows][columns]
  std::vector<std::pair<double, double>> points;  // drawn on every panel: anchors
  std::string x_title, y_title, heat_title;
};

// The chart as JSON for a figure (analysis/page/report.h).
std::string field_chart(const FieldChart& chart);

}  // namespace farfield
