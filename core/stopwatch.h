#pragma once

#include <chrono>

namespace farfield {

// Wall-clock time since it was made or last restarted.
class Stopwatch {
 public:
  double seconds() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }
  // The seconds until now; it begins again at 0.
  double restart() {
    const double span = seconds();
    start_ = Clock::now();
    return span;
  }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point start_ = Clock::now();
};

}  // namespace farfield
