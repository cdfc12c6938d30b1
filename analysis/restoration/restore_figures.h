#pragma once

#include <vector>

#include "analysis/page/figure_table.h"
#include "analysis/restoration/restore_run.h"

namespace farfield {

// The figures of farfield restore's page, in its order.
const std::vector<FigureRow<RestoreRun>>& restore_figure_rows();

}  // namespace farfield
