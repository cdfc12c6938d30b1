#pragma once

#include <optional>
#include <string>
#include <vector>

#include "analysis/field/field_run.h"
#include "analysis/page/report.h"
#include "core/io/rows.h"
#include "core/run/run_call.h"
#include "core/run/run_folder.h"

namespace farfield {

// What a row does within the triangle of the anchors at a level. 002 sees fields of networks vanish there at low noise.
struct SimplexMeasure {
  int64_t row, level;
  double inside,
      box;       // mean of |sigma^2 P s| over the grid points in the triangle, and over all; inside NaN without any
  double ratio;  // of the two; NaN without a value
  double out_of_plane;  // mean over the box of the part of |s| that leaves the plane: its square over |s|^2
};
std::vector<SimplexMeasure> simplex_measures(const FieldRun& run);  // in the order row, sigma

Table field_table(const FieldRun& run);  // field.csv (docs/formats.md)

// The figures of `farfield field`, each a row of the table in field_output.cpp.
std::optional<Figure> field_figure(const FieldRun& run);      // 002, figures 2, 11, 13, 19-21, 26-28
std::optional<Figure> density_figure(const FieldRun& run);    // of data in the plane: 002, figure 2 above
std::optional<Figure> component_figure(const FieldRun& run);  // below: which component rules where
std::optional<Figure> simplex_figure(const FieldRun& run);
std::optional<Figure> outside_figure(const FieldRun& run);

// The finding in one sentence, with its numbers.
std::string field_headline(const FieldRun& run);

// Writes the output (docs/formats.md) and commits the folder; returns the headline. `info`: begun by the caller.
std::string save_field(const FieldRun& run, const RunCall& call, RunInfo info, RunFolder& folder);

}  // namespace farfield
