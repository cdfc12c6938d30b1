#pragma once

#include <string>
#include <vector>

#include "samplers/schedules/schedules.h"

namespace farfield {

// A number of a schedule that NAME,key=value sets, for example vp,beta_d=18.5.
struct ScheduleConstant {
  std::string key;
  double value;      // when it is not given
  double low, high;  // what it may be
};

// A row of the table of schedules.
struct ScheduleEntry {
  std::string name;
  std::string summary;  // for --help
  double (*level)(const ScheduleRange& range, LevelPlace place);
  double sigma_min, sigma_max;  // when none are given; before they are drawn in to a model's range
  double rho = 1;               // when none is given
  bool takes_rho = false, takes_range = true;
  bool reaches_zero = false;  // sigma_min = 0 is allowed
  // Levels of a table: its ends are not sigma_min and sigma_max but entries within them.
  bool own_ends = false;
  bool zero_replaces_last = false;  // with final = zero the last level becomes 0 rather than being followed by it
  std::vector<std::string> variants = {};        // the first is the default
  std::vector<ScheduleConstant> constants = {};  // of a VP process: they give the range, which is then not taken
  double vp_end = VpTime::kEnd;                  // ScheduleRange's
};

// Every schedule there is, in the order of --help. The table is in schedule_registry.cpp: a new one is one row there.
const std::vector<ScheduleEntry>& schedule_table();

const std::vector<std::string>& schedule_names();
// The row of NAME[,key=value...], its range that of the constants where some are given. usage_error with the nearest name
// when there is none of this name, and for a constant that it does not have or that is out of its range.
ScheduleEntry find_schedule(const std::string& text);

}  // namespace farfield
