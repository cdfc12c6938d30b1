#include "core/interrupts.h"

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <thread>

#include <gtest/gtest.h>

#include "core/interrupt_scope.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

TEST(Interrupts, ASignalSetsTheFlagAndOneASecondLaterEndsTheProcess) {
  install_interrupt_handlers();
  set_interrupted(false);
  stop_if_interrupted();
  std::raise(SIGINT);
  EXPECT_TRUE(interrupted());
  const auto error = test::error_of([] { stop_if_interrupted(); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ExitCode::kInterrupted);
  std::this_thread::sleep_for(std::chrono::milliseconds(1001));
  EXPECT_EXIT(std::raise(SIGTERM), testing::ExitedWithCode(143), "");
  set_interrupted(false);
}

TEST(Interrupts, AScopeAsksAFurtherQuestionOfItsThreadAlone) {
  set_interrupted(false);
  bool stop = false;
  {
    const InterruptScope scope([&] { return stop; });
    EXPECT_FALSE(interrupted());
    stop = true;
    EXPECT_TRUE(interrupted());
    EXPECT_TRUE(test::error_of([] { stop_if_interrupted(); }));
    bool elsewhere = true;
    std::thread([&] { elsewhere = interrupted(); }).join();
    EXPECT_FALSE(elsewhere);
    {
      const InterruptScope inner([] { return false; });
      EXPECT_FALSE(interrupted());
    }
    EXPECT_TRUE(interrupted());
  }
  EXPECT_FALSE(interrupted());
}

TEST(Interrupts, ALimitOfCpuTimeAsksAgainAndAgainAndForTheSame) {
  const auto reach_it_twice = [] {
    install_interrupt_handlers();
    set_interrupted(false);
    std::raise(SIGXCPU);
    std::this_thread::sleep_for(std::chrono::milliseconds(1001));
    std::raise(SIGXCPU);
    std::_Exit(interrupted() ? 0 : 1);
  };
  EXPECT_EXIT(reach_it_twice(), testing::ExitedWithCode(0), "");
}

TEST(Interrupts, AHangupIsARequestUnlessItWasIgnored) {
  const auto hang_up = [](void (*before)(int)) {
    std::signal(SIGHUP, before);
    install_interrupt_handlers();
    set_interrupted(false);
    std::raise(SIGHUP);
    std::_Exit(interrupted() ? 0 : 1);
  };
  EXPECT_EXIT(hang_up(SIG_DFL), testing::ExitedWithCode(0), "");
  EXPECT_EXIT(hang_up(SIG_IGN), testing::ExitedWithCode(1), "");
}

TEST(Interrupts, SignalsThatComeTogetherAreOneRequest) {
  const auto burst = [] {
    install_interrupt_handlers();
    set_interrupted(false);
    for (const int number : {SIGINT, SIGTERM, SIGINT, SIGUSR1}) std::raise(number);
    std::_Exit(interrupted() ? 0 : 1);
  };
  EXPECT_EXIT(burst(), testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace farfield
