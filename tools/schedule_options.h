#pragma once

#include <string>

#include "samplers/gits/search_run.h"
#include "samplers/model_levels.h"
#include "tools/command.h"

namespace farfield::tools {

// The options of a schedule, the same wherever one is named: `name` (--schedule or --name), --steps --sigma-min
// --sigma-max --rho --variant --final.
CLI::Option* add_schedule_options(CLI::App& command, const std::string& name, ScheduleRequest& request);

// --sigma-min --sigma-max --rho --variant alone, where the number of levels and their end are given otherwise.
void add_range_options(CLI::App& command, ScheduleRequest& request);

// What a search and an ablation have in common: --nfe --metric --gamma --gamma-form --teacher --points --grid, its range,
// --student --batch --warmup. Returns --warmup.
CLI::Option* add_search_options(CLI::App& command, SearchOptions& options);

// Every schedule with its options, for the footer of --help.
std::string schedule_help();

}  // namespace farfield::tools
