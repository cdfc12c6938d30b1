#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace farfield {

// How a solver of few steps is learned (docs/formats.md, `solver fit`). What is 0 or empty takes the method's own default.
struct FitSettings {
  std::string method = "epd";  // fit_methods()
  std::string solver = {};     // ld3, s4s: the multistep method whose levels are learned; amed: the plug-in
  int64_t points = 2;          // epd: midpoints a step, 1 to 8
  bool afs = false;            // the first value is analytical
  double direction = -1,
         time = -1;        // epd, amed: half the width of the scales of direction and level, 0 to 0.5; -1: own
  int64_t iterations = 0;  // updates, 1 to 100,000
  int64_t batch = 16;      // trajectories an update and at a time
  double rate = 0;         // of the first update, up to 10

  // With every default in place. usage_error naming field, value and constraint.
  FitSettings resolved() const;
};

const std::vector<std::string>& fit_methods();

// Steps of a table of `nfe` evaluations. usage_error naming the nearest numbers where there is none.
int64_t steps_of_fit(const FitSettings& settings, int64_t nfe);

}  // namespace farfield
