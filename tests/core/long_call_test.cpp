#include "core/long_call.h"

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>

#include <ATen/Parallel.h>

#include "core/interrupts.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

using Clock = std::chrono::steady_clock;
constexpr double kLong = 1e12;

TEST(LongCall, ReturnsAndThrowsWhatTheWorkDoes) {
  for (const double operations : {1.0, kLong}) {
    const auto result = long_call("adding", operations, [] { return Tensors{torch::ones({2}) + 1}; });
    EXPECT_TRUE(torch::equal(result.at(0), torch::full({2}, 2.0)));
    const auto fail = []() -> Tensors { throw numeric_error("no"); };
    const auto error = test::error_of([&] { long_call("failing", operations, fail); });
    ASSERT_TRUE(error);
    EXPECT_EQ(error->code(), ExitCode::kNumeric);
  }
  EXPECT_FALSE(call_left_running());
}

TEST(LongCall, WorksWithAsManyThreadsAsItsCaller) {
  const int before = at::get_num_threads();
  at::set_num_threads(1);
  int found = 0;
  long_call("counting", kLong, [&found] { return found = at::get_num_threads(), Tensors{}; });
  at::set_num_threads(before);
  EXPECT_EQ(found, 1);
}

TEST(LongCall, ASignalEndsTheWaitAndNotTheWork) {
  const auto go_on = std::make_shared<std::atomic<bool>>(false), over = std::make_shared<std::atomic<bool>>(false);
  std::thread signal([] {
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    set_interrupted(true);
  });
  const auto start = Clock::now();
  const auto error = test::error_of([&] {
    long_call("waiting", kLong, [=] {
      while (!*go_on) std::this_thread::sleep_for(std::chrono::milliseconds(10));
      *over = true;
      return Tensors{};
    });
  });
  signal.join();
  set_interrupted(false);
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ExitCode::kInterrupted);
  EXPECT_LT(std::chrono::duration<double>(Clock::now() - start).count(), 2);
  EXPECT_TRUE(call_left_running());
  EXPECT_FALSE(*over);
  *go_on = true;
  while (!*over) std::this_thread::sleep_for(std::chrono::milliseconds(10));
}

}  // namespace
}  // namespace farfield
