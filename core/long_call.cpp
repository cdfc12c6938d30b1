#include "core/long_call.h"

#include <atomic>
#include <chrono>
#include <future>
#include <thread>

#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>

#include "core/interrupts.h"
#include "core/progress.h"

namespace farfield {
namespace {

std::atomic<bool> left_running{false};

}  // namespace

Tensors long_call(const std::string& what, double operations, std::function<Tensors()> work) {
  constexpr double kShort = 1e10;
  if (operations < kShort) return work();
  constexpr std::chrono::milliseconds kPause(100);
  std::packaged_task<Tensors()> task([work = std::move(work), threads = at::get_num_threads()] {
    const at::NoGradGuard no_gradients;
    at::set_num_threads(threads);  // a number of each thread's own
    return work();
  });
  auto result = task.get_future();
  std::thread worker(std::move(task));
  Progress progress(what, 0, "");
  while (result.wait_for(kPause) != std::future_status::ready) {
    progress.advance();
    if (!interrupted()) continue;
    left_running = true;
    worker.detach();
    stop_if_interrupted();
  }
  worker.join();
  return result.get();
}

bool call_left_running() { return left_running; }

}  // namespace farfield
