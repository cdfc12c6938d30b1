// SIGHUP over every command that works for long, a terminal that closes, and nohup.
#include <chrono>
#include <csignal>
#include <fstream>
#include <thread>

#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/process.h"
#include "tests/tools/every_command.h"

namespace farfield {
namespace {
namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

void pause(int milliseconds) { std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds)); }

template <class Condition>
bool wait_until(Condition condition, int seconds = 60) {
  for (const auto end = Clock::now() + std::chrono::seconds(seconds); Clock::now() < end; pause(20)) {
    if (condition()) return true;
  }
  return condition();
}

// Whether process `number` has set its handlers, by the mask of signals it catches.
bool catches_hangups(int number) {
  std::ifstream status("/proc/" + std::to_string(number) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("SigCgt:")) return (std::stoull(line.substr(7), nullptr, 16) >> (SIGHUP - 1) & 1) != 0;
  }
  return false;
}

bool holds_a_state(const fs::path& run) {
  return fs::exists(run / "states") && fs::directory_iterator(run / "states") != fs::directory_iterator();
}

TEST(Hangup, EndsEveryLongCommandLikeATerminationSignal) {
  for (const auto& command : test::every_long_command()) {
    const test::Workplace place;
    const auto before = place.names();
    test::RunningProgram program(test::farfield_command(command.arguments), {}, place.path().string());
    ASSERT_TRUE(wait_until([&] { return catches_hangups(program.process()); })) << command.name;
    const bool training = command.name == "train";
    ASSERT_TRUE(wait_until([&] { return !training || fs::exists(place / "new/log.jsonl"); })) << command.name;
    pause(400);
    ASSERT_TRUE(program.running()) << command.name << ": " << program.result().err;
    const auto sent = Clock::now();
    program.signal(SIGHUP);
    const auto result = program.result();
    EXPECT_EQ(result.exit_code, 7) << command.name << ": " << result.err;
    const char* said = training ? "the state is saved" : "interrupted";
    EXPECT_NE(result.err.find(said), std::string::npos) << command.name << ": " << result.err;
    EXPECT_LT(Clock::now() - sent, std::chrono::seconds(10)) << command.name;
    if (training) {
      EXPECT_TRUE(holds_a_state(place / "new"));
      fs::remove_all(place / "new");
    }
    EXPECT_EQ(place.names(), before) << command.name;
  }
}

TEST(Hangup, ThatWasIgnoredAtTheStartStaysIgnored) {
  const test::Workplace place;
  std::string line = "trap '' HUP; exec \"$0\" \"$@\"";
  std::vector<std::string> words = {"sh", "-c", line};
  for (const auto& word : test::farfield_command(test::every_long_command()[1].arguments)) words.push_back(word);
  test::RunningProgram program(words, {}, place.path().string());
  ASSERT_TRUE(wait_until([&] { return place.names().size() > 3; })) << "the partial folder";
  program.signal(SIGHUP);
  pause(500);
  EXPECT_TRUE(program.running());
  program.signal(SIGTERM);
  EXPECT_EQ(program.result().exit_code, 7);
}

// The kernel sends SIGHUP, and from then on every write to the terminal fails: also the progress bar's.
TEST(Hangup, AClosedTerminalSavesTheState) {
  const test::Workplace place;
  int terminal = -1;
  const pid_t child = forkpty(&terminal, nullptr, nullptr, nullptr);
  ASSERT_GE(child, 0);
  if (child == 0) {
    if (chdir(place.path().c_str()) != 0) _exit(126);
    std::vector<std::string> words = test::farfield_command(test::every_long_command()[0].arguments);
    std::vector<char*> pointers;
    for (auto& word : words) pointers.push_back(word.data());
    pointers.push_back(nullptr);
    execv(pointers[0], pointers.data());
    _exit(127);
  }
  EXPECT_TRUE(wait_until([&] { return fs::exists(place / "new/log.jsonl"); }));
  pause(700);  // the bar is drawn
  close(terminal);
  int status = 0;
  EXPECT_TRUE(wait_until([&] { return waitpid(child, &status, WNOHANG) == child; }, 20));
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 7) << status;
  EXPECT_TRUE(holds_a_state(place / "new"));
}

}  // namespace
}  // namespace farfield
