#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "analysis/theory/gaussian_curves.h"
#include "core/io/rows.h"
#include "core/math/gaussian_stats.h"

namespace farfield {

// When the feature of one eigenvalue of the data appears in a run over `levels`.
struct EmergenceRow {
  int64_t component;  // from 1 on, in falling order; 0: all directions outside the basis together
  double eigenvalue;
  int64_t directions;  // with this eigenvalue: 1, or those outside the basis
  CriticalLevels levels;
  std::optional<int64_t> step;  // n with sigma_n >= sqrt(l) > sigma_{n + 1}; none where sqrt(l) lies outside
  double share;                 // of the total variance, of this component and all before it; 0 without variance
};

// Rows of all eigenvalues, and one of the tail where it is not 0.
std::vector<EmergenceRow> emergence(const GaussianStats& gaussian, const std::vector<double>& levels);

// emergence.csv: component, directions, eigenvalue, half_power_sigma, steepest_sigma, steepest_log_sigma, critical_alpha,
// step, cumulative_share.
Table emergence_table(const std::vector<EmergenceRow>& rows);

// A Gaussian of these eigenvalues alone, falling, axes for eigenvectors, mean 0.
GaussianStats gaussian_of_eigenvalues(std::vector<double> eigenvalues);

}  // namespace farfield
