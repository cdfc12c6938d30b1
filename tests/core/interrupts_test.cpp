#include "core/interrupts.h"

#include <csignal>

#include <gtest/gtest.h>

#include "tests/support/test_support.h"

namespace farfield {
namespace {

TEST(Interrupts, ASignalSetsTheFlagAndASecondOneEndsTheProcess) {
  install_interrupt_handlers();
  set_interrupted(false);
  stop_if_interrupted();
  std::raise(SIGINT);
  EXPECT_TRUE(interrupted());
  const auto error = test::error_of([] { stop_if_interrupted(); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ExitCode::kInterrupted);
  EXPECT_EXIT(std::raise(SIGTERM), testing::ExitedWithCode(143), "");
}

}  // namespace
}  // namespace farfield
