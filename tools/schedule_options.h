#pragma once

#include <string>

#include "samplers/model_levels.h"
#include "tools/command.h"

namespace farfield::tools {

// The options of a schedule, the same wherever one is named: `name` (--schedule or --name), --steps --sigma-min
// --sigma-max --rho --variant --final.
CLI::Option* add_schedule_options(CLI::App& command, const std::string& name, ScheduleRequest& request);

// --sigma-min --sigma-max --rho --variant alone, where the number of levels and their end are given otherwise.
void add_range_options(CLI::App& command, ScheduleRequest& request);

// Every schedule with its options, for the footer of --help.
std::string schedule_help();

}  // namespace farfield::tools
