#pragma once

#include <functional>
#include <vector>

#include <benchmark/benchmark.h>
#include <torch/types.h>

namespace farfield::bench {

double seconds(const std::function<void()>& work);  // wall time
double median(std::vector<double> values);
double resident_mb();  // memory of this process now, in MiB; 0 where the system does not say

// Natural-image-like points: noise at five scales, coarse strongest, in [-1, 1]; 50,000 x 3072 float32. Made once.
const torch::Tensor& image_like_points();

// Times `method` and the `bare` work it cannot do without in turn, state's iterations times after one warm-up each, and
// reports the counters `ratio` (median method / median bare), `cpu_ratio` (of the least CPU times of all threads together:
// what other programs take does not count), `bare_ms`, `extra_MB` and `bare_extra_MB`
// (peak memory that each added in its warm-up).
void compare(benchmark::State& state, const std::function<void()>& method, const std::function<void()>& bare);

}  // namespace farfield::bench
