#pragma once

#include <cstdint>

namespace farfield::test {

// While one lives, allocations of this thread by operator new and by LibTorch's tensors on the CPU are counted, and those
// it asks for are refused.
class RefusedAllocation {
 public:
  enum class Which { kOne, kAllFrom };
  // Refuses the k-th (from 0 on), or that and every later one.
  RefusedAllocation(int64_t k, Which which);
  ~RefusedAllocation();
  RefusedAllocation(const RefusedAllocation&) = delete;
  RefusedAllocation& operator=(const RefusedAllocation&) = delete;

  bool happened() const;  // so far
};

}  // namespace farfield::test
