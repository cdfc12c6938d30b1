#pragma once

#include <string>
#include <vector>

#include "analysis/page/charts.h"

namespace farfield {

// How values become colours: from the least to the largest in one sequence, or two hues with white at zero.
enum class Shades { kSequential, kDiverging };

// A rectangle of numbers: row i is named rows[i], column j columns[j]; the first row stands at the top.
struct MatrixChart {
  std::vector<std::string> rows, columns;
  std::vector<std::vector<double>> values;  // [rows][columns]; a cell that is not finite is empty
  std::string row_title, column_title, value_title;
  Shades shades = Shades::kSequential;
  Scale scale = Scale::kLinear;  // kLog with kSequential only: values that are not positive are empty
  int digits = 0;                // significant digits of the number written into each cell, where it fits; 0: none
};

// The chart as JSON for a figure (analysis/page/report.h).
std::string matrix_chart(const MatrixChart& chart);

}  // namespace farfield
