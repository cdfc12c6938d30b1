#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "analysis/deviation/deviation_run.h"
#include "analysis/paths/curve.h"
#include "core/io/rows.h"

namespace farfield {

// A value and the noise level that it is found at.
struct AtLevel {
  double value, sigma;
};

// The likelihood ranking of one kind of point over all trajectories and levels.
struct LikelihoodRanking {
  double fraction, least;  // of gains >= 0; the least gain
};

// How far the ends are from the data.
struct NearestSummary {
  Average distance;  // to the nearest data point
  double copies;     // part of the ends at distance 0 from one
};

// What the sentences of a page say. NaN where nothing has a value.
struct DeviationSummary {
  std::map<std::string, Curve> curves;                   // of deviation_names()
  std::map<std::string, std::vector<double>> fractions;  // of the gains: part >= 0 at every level
  std::vector<double> ratio_q95, ratio_max;              // of d1 / d2 at every level
  AtLevel d1, d1_star, ratio;                        // the largest mean of d1 and d1_star; the largest d1 / d2 of all
  double above_one;                                  // part of trajectories and levels with d1 > d2 (assumption A.13)
  std::optional<double> negligible;                  // the level from which on, upwards, mean d1 <= 0.5 % of mean d2
  std::map<std::string, LikelihoodRanking> ranking;  // by name of the gain; empty without densities
  int64_t broken = 0;  // trajectories and levels with d1 < d2 and a loss of likelihood at D (h = sigma)
  NearestSummary nearest, nearest_star;  // of the last D(x_n) and D*(x*_n)
  double samples = 0;                    // that D* is a mean of, for the chart of the effective number; 0: none
};

DeviationSummary summarise_deviation(const DeviationRun& run);

// deviation.csv and summary.json (docs/formats.md).
Table deviation_table(const DeviationRun& run, const DeviationSummary& summary);
Table neighbour_ends_table(const DeviationRun& run);
std::string deviation_summary_json(const DeviationRun& run, const DeviationSummary& summary);

}  // namespace farfield
