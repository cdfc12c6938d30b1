#pragma once

#include <vector>

namespace farfield {

// Parts of a schedule. A sigma within 1e-6 (relative) of a level is that level, so that levels typed from a listing
// keep the schedule's own. usage_error when sigma is not in the range named.

// {sigma} and every level below it; sigma at most the first level and above the last.
std::vector<double> levels_from(const std::vector<double>& levels, double sigma);

// Every level above sigma, and {sigma}: the levels of an ODE-Jump (Chen et al. 2023, section 5.2: leave the sampling
// trajectory at sigma and return D(x; sigma)). sigma below the first level, above 0 and at least the last.
std::vector<double> levels_down_to(const std::vector<double>& levels, double sigma);

}  // namespace farfield
