#pragma once

#include <ATen/Parallel.h>

namespace farfield::test {

// Torch's threads for the length of a scope. One is right for many small tensors: threads that wait for each other cost
// more than they do, above all on a busy machine.
class ThreadCount {
 public:
  explicit ThreadCount(int count) : before_(at::get_num_threads()) { at::set_num_threads(count); }
  ~ThreadCount() { at::set_num_threads(before_); }
  ThreadCount(const ThreadCount&) = delete;

 private:
  int before_;
};

}  // namespace farfield::test
