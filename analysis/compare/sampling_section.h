#pragma once

#include <filesystem>
#include <vector>

#include "analysis/page/report.h"

namespace farfield {

// The samples of some folders of `farfield sample`, side by side, the same seed at the same place; below each its
// solver, schedule, NFE and seconds, and how far it is, on the seeds both have, from the folder with the most evaluations;
// those distances over the evaluations as a chart where there are several.
void add_sampling_section(Report& report, const std::vector<std::filesystem::path>& folders);

}  // namespace farfield
