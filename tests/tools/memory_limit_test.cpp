// `ulimit -v` from where main is reached to where there is enough, over every command: exit code 6 with a reason or the
// result, and no partial folder.
#include <algorithm>

#include "core/text.h"
#include "tests/support/process.h"
#include "tests/tools/every_command.h"

namespace farfield {
namespace {

constexpr int64_t kMiB = 1024;  // of the KiB that ulimit counts

test::ProcessResult run_limited(const test::Arguments& arguments, int64_t kib, const std::string& folder) {
  test::Arguments words = {"bash", "-c", "ulimit -v " + std::to_string(kib) + " || exit 99; exec \"$@\"", "bash"};
  for (const auto& word : test::farfield_command(arguments)) words.push_back(word);
  return test::run_program(words, {}, folder);
}

// The lowest limit, to half a MiB, at which the libraries can be loaded, so that main decides about the end.
int64_t lowest_limit() {
  int64_t low = 64 * kMiB, high = 8192 * kMiB;
  while (high - low > kMiB / 2) {
    const int64_t middle = (low + high) / 2;
    const int code = run_limited({"doctor", "--threads", "1"}, middle, "").exit_code;
    (code == 0 || code == 6 ? high : low) = middle;
  }
  return high;
}

// How many limits a command is run under; FARFIELD_MEMORY_LIMITS asks for more.
int64_t limits_per_command() {
  const char* given = std::getenv("FARFIELD_MEMORY_LIMITS");
  return given == nullptr ? 2 : parse_int(given, "FARFIELD_MEMORY_LIMITS");
}

// OpenMP's library asks for a thread, and ends the process when it gets none.
test::Arguments on_two_threads(test::Arguments arguments) {
  for (size_t i = 1; i < arguments.size(); ++i) {
    if (arguments[i - 1] == "--threads") arguments[i] = "2";
  }
  return arguments;
}

TEST(MemoryLimit, EveryCommandSaysThatItIsOutOfMemory) {
  constexpr int64_t kSpan = 100 * kMiB;  // a network command has enough with less
  const int64_t lowest = lowest_limit() + kMiB, count = limits_per_command();
  const auto commands = test::every_command();
  const auto total = count * static_cast<int64_t>(commands.size());
  int refused = 0;
  for (size_t i = 0; i < commands.size(); ++i) {
    const auto& command = commands[i];
    for (int64_t k = 0; k < count; ++k) {
      const test::Workplace place;
      const int64_t place_in_span = k * static_cast<int64_t>(commands.size()) +
                                    static_cast<int64_t>(i);  // each at limits of its own
      const int64_t limit = lowest + kSpan * place_in_span / total;
      SCOPED_TRACE(command.name + ", ulimit -v " + std::to_string(limit));
      const auto result = run_limited(k % 2 == 0 ? command.arguments : on_two_threads(command.arguments), limit,
                                      place.path().string());
      EXPECT_TRUE(result.exit_code == 0 || result.exit_code == 6) << result.exit_code << ": " << result.err;
      if (result.exit_code == 6) {
        ++refused;
        EXPECT_NE(result.err.find("error: out of memory"), std::string::npos) << result.err;
      }
      for (const auto& name : place.names()) EXPECT_EQ(name.find("partial"), std::string::npos) << name;
    }
  }
  EXPECT_GT(refused, total / 10) << "few limits were too low: does this test still see them?";
}

// Threads are refused, too, where there is memory for everything else.
TEST(MemoryLimit, AThreadThatIsRefusedIsOutOfMemory) {
  const test::Workplace place;
  test::Arguments words = {"bash", "-c", "ulimit -s 4000000; ulimit -v 4500000; exec \"$@\"", "bash"};
  for (const auto& word : test::farfield_command({"sample", "--model", "delta:glyphs,count=4096", "--seeds", "0-63",
                                                  "--steps", "2", "--threads", "2", "--out", "new"})) {
    words.push_back(word);
  }
  const auto result = test::run_program(words, {}, place.path().string());
  EXPECT_EQ(result.exit_code, 6) << result.err;
  EXPECT_NE(result.err.find("out of memory"), std::string::npos) << result.err;
  for (const auto& name : place.names()) EXPECT_EQ(name.find("partial"), std::string::npos) << name;
}

}  // namespace
}  // namespace farfield
