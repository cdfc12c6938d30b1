#pragma once

#include <functional>
#include <vector>

#include <benchmark/benchmark.h>

namespace farfield::bench {

double seconds(const std::function<void()>& work);  // wall time
double median(std::vector<double> values);

// Times `method` and the `bare` work it cannot do without in turn, state's iterations times after one warm-up each, and
// reports the counters `ratio` (median method / median bare), `bare_ms` and `extra_MB` (peak memory that `method`
// added).
void compare(benchmark::State& state, const std::function<void()>& method, const std::function<void()>& bare);

}  // namespace farfield::bench
