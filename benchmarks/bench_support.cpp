#include "benchmarks/bench_support.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <ctime>
#include <fstream>
#include <string>
#include <vector>

#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "core/math/random.h"

namespace farfield::bench {

namespace {

// A field of /proc/self/status in MB; 0 where there is no such file.
double memory_mb(const std::string& field) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind(field + ":", 0) == 0) return std::stod(line.substr(field.size() + 1)) / 1024;
  }
  return 0;
}

double peak_added_mb(const std::function<void()>& work) {
#ifdef __GLIBC__
  malloc_trim(0);  // what earlier work freed and the process kept would hide what this one needs
#endif
  std::ofstream("/proc/self/clear_refs") << "5";  // resets the peak
  const double before = memory_mb("VmRSS");
  work();
  return memory_mb("VmHWM") - before;
}

double cpu_seconds(const std::function<void()>& work) {
  const auto start = std::clock();
  work();
  return static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
}

}  // namespace

double resident_mb() { return memory_mb("VmRSS"); }

double seconds(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + values.size() / 2, values.end());
  return values[values.size() / 2];
}

const torch::Tensor& image_like_points() {
  constexpr int64_t kImages = 50'000, kAtOnce = 1000;
  static const torch::Tensor points = [] {
    SampleRandom random(1);
    auto sum = torch::zeros({kImages, 3, 32, 32});
    for (const int64_t size : {2, 4, 8, 16, 32}) {
      const auto noise = random.normal({kImages, 3, size, size}, torch::kFloat32);
      for (int64_t first = 0; first < kImages; first += kAtOnce) {
        const auto block = noise.narrow(0, first, kAtOnce);
        sum.narrow(0, first, kAtOnce)
            .add_(block.repeat_interleave(32 / size, 2).repeat_interleave(32 / size, 3),
                  0.3 / std::sqrt(static_cast<double>(size)));
      }
    }
    return sum.clamp_(-1, 1).view({kImages, -1});
  }();
  return points;
}

void compare(benchmark::State& state, const std::function<void()>& method, const std::function<void()>& bare) {
  const double extra = peak_added_mb(method);
  const double bare_extra = peak_added_mb(bare);
  std::vector<double> method_seconds, bare_seconds, method_cpu, bare_cpu;
  for (auto _ : state) {
    method_cpu.push_back(cpu_seconds([&] { method_seconds.push_back(seconds(method)); }));
    bare_cpu.push_back(cpu_seconds([&] { bare_seconds.push_back(seconds(bare)); }));
  }
  state.counters["ratio"] = median(method_seconds) / median(bare_seconds);
  state.counters["cpu_ratio"] = *std::ranges::min_element(method_cpu) / *std::ranges::min_element(bare_cpu);
  state.counters["method_ms"] = 1e3 * median(method_seconds);
  state.counters["bare_ms"] = 1e3 * median(bare_seconds);
  state.counters["extra_MB"] = extra;
  state.counters["bare_extra_MB"] = bare_extra;
}

}  // namespace farfield::bench
