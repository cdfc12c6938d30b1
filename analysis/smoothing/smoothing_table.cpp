#include "analysis/smoothing/smoothing_table.h"

#include "analysis/stats/ratio_cell.h"

namespace farfield {

Table smoothing_table(const SmoothingRun& run) {
  Table table{.columns = {"process", "variance_across", "nearest", "on_points", "to_flow", "apart", "divergence"},
              .rows = {}};
  for (const SmoothingProcess& process : run.processes) {
    std::vector<Cell> row = {process.name};
    for (const double value : {process.variance_across, process.nearest, process.on_points, process.to_flow,
                               process.apart, process.divergence})
      row.push_back(ratio_cell(value));
    table.add(std::move(row));
  }
  return table;
}

}  // namespace farfield
