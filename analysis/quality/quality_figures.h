#pragma once

#include <vector>

#include "analysis/page/figure_table.h"
#include "analysis/quality/quality.h"

namespace farfield {

const std::vector<FigureRow<QualityRun>>& quality_figures();

}  // namespace farfield
