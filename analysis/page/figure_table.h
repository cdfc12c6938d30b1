#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "analysis/page/report.h"
#include "core/run/run_folder.h"

namespace farfield {

// A row of a report's table of figures: a figure is one function of the result and one row (docs/adding-a-figure.md).
template <class Result>
struct FigureRow {
  std::string section;                                       // its heading; rows of one section stand together
  std::function<std::optional<Figure>(const Result&)> make;  // nothing: the result has nothing to show there
  // A CSV file for the figure's numbers and what is in it; "": the figure links to a file that is written elsewhere, or to none.
  std::string file = {}, what = {};
  std::string intro = {};  // a paragraph between the heading and the section's first figure
};

// Adds the figures in the order of the rows; writes the files that rows name into `folder`, links and lists them.
template <class Result>
void add_figures(Report& report, const std::vector<FigureRow<Result>>& rows, const Result& result,
                 const RunFolder& folder) {
  std::string section;
  for (const FigureRow<Result>& row : rows) {
    std::optional<Figure> figure = row.make(result);
    if (!figure) continue;
    if (row.section != section) {
      report.section(section = row.section);
      if (!row.intro.empty()) report.paragraph(row.intro);
    }
    if (!row.file.empty()) {
      figure->data_file = row.file;
      write_csv(folder.path(row.file), figure->numbers);
      report.file(row.file, row.what);
    }
    report.figure(*figure);
  }
}

}  // namespace farfield
