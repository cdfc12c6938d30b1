#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "samplers/solvers/multistep.h"

namespace farfield {

// A few-step solver as numbers: levels, levels shown to the network, midpoints and coefficients, step by step. Number is
// double, or a torch::Tensor of one number where the table is being learned.
//
// Step i, from levels[i] = s to levels[i + 1], of the state x; a value m is the slope (x - D) / level or D, as `prediction` says:
//   m      at x:   D(x; network), level s; with `afs` in step 0 the value of N(0, I) instead (analytical_first_step.h)
//   m_k    at x_k: D(x_k; network_k), level_k; x_k = state_k x + own_k m + sum_j past_k[j] p_j, every k from the same m
//   x'     = state x + own m + sum_k weight_k m_k + sum_j past[j] p_j
// p_0, p_1, ... are the values of the steps before, newest first; a step leaves m, m_1, m_2, ... behind in this order.
template <class Number>
struct TablePoint {
  Number level, network;  // level_k divides the slope, network_k is what the network is told
  Number state, own;
  std::vector<Number> past;
  Number weight;
};

template <class Number>
struct TableStep {
  Number network, state, own;
  std::vector<Number> past;
  std::vector<TablePoint<Number>> points;
};

template <class Number>
struct TableOf {
  Prediction prediction = Prediction::kSlope;
  bool afs = false;
  std::vector<Number> levels;            // N + 1, falling
  std::vector<TableStep<Number>> steps;  // N
};
using SolverTable = TableOf<double>;

// A table and where it comes from, as a file holds both.
struct TableFile {
  std::string method;               // how it came about, for people: "epd", "gits", ...
  std::string model, model_sha256;  // what it was made for, as in GitsFile; both empty: for any
  SolverTable table;
};

// usage_error naming the step for a table that cannot be run: levels as check_levels(), a step a level, numbers that are finite
// and at most 1e12 in size, levels of points and networks within core/limits.h, no more past values than there are.
void check_table(const SolverTable& table);

// Denoiser calls that make one sample, and how many of them wait for one another: the points of a step do not.
struct TableCounts {
  int64_t evaluations = 0, depth = 0;
};
TableCounts table_counts(const SolverTable& table);

}  // namespace farfield
