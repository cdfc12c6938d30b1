#include <pthread.h>
#include <atomic>

#include <ATen/Parallel.h>

#include "bindings.h"

namespace farfield::python {
namespace {

std::atomic<bool> forked{false};

}  // namespace

void watch_forks() {
  pthread_atfork(nullptr, nullptr, [] { forked = true; });
}

void keep_to_one_thread_after_a_fork() {
  if (forked) at::set_num_threads(1);
}

}  // namespace farfield::python
