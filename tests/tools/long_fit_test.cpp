// Work that lasts because of its dimensions says so and stops when it is asked to.
#include <chrono>
#include <csignal>
#include <thread>

#include "tests/support/process.h"

namespace farfield {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

// 4096 dimensions: the eigenvectors take longer than the pause before the signal, on any machine.
TEST(LongFit, AGaussianOfManyDimensionsStopsOnASignal) {
  const test::TempDir folder;
  const std::string out = folder / "gaussian.safetensors";
  test::RunningProgram fit(
      test::farfield_command({"fit", "gaussian", "--data", "glyphs,size=64,count=40", "--out", out, "--threads", "1"}));
  std::this_thread::sleep_for(std::chrono::seconds(3));
  if (!fit.running()) GTEST_SKIP() << "this machine fits 4096 dimensions within 3 s";
  const auto start = Clock::now();
  fit.signal(SIGINT);
  const auto result = fit.result();
  EXPECT_EQ(result.exit_code, 7) << result.err;
  EXPECT_LT(seconds_since(start), 5);
  EXPECT_FALSE(std::filesystem::exists(out));
  EXPECT_NE(result.err.find("interrupted"), std::string::npos) << result.err;
}

}  // namespace
}  // namespace farfield
