// SIGHUP over every command that works for long, a terminal that closes, and nohup.
#include <chrono>
#include <csignal>
#include <fstream>
#include <memory>
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

// A long command under way in a place of its own.
struct Working {
  explicit Working(test::CommandCase what)
      : command(std::move(what)),
        before(place.names()),
        program(test::farfield_command(command.arguments), {}, place.path().string()) {}

  bool is_training() const { return command.name == "train"; }
  // Its handlers are set; a training run has its folder.
  bool is_ready() const {
    return catches_hangups(program.process()) && (!is_training() || fs::exists(place / "new/log.jsonl"));
  }

  test::CommandCase command;
  test::Workplace place;
  std::vector<std::string> before;
  test::RunningProgram program;
};

TEST(Hangup, EndsEveryLongCommandLikeATerminationSignal) {
  std::vector<std::unique_ptr<Working>> all;
  for (const auto& command : test::every_long_command()) all.push_back(std::make_unique<Working>(command));
  for (const auto& one : all) ASSERT_TRUE(wait_until([&] { return one->is_ready(); })) << one->command.name;
  pause(1000);
  for (const auto& one : all) {
    EXPECT_TRUE(one->program.running()) << one->command.name << ": " << one->program.result().err;
    one->program.signal(SIGHUP);
  }
  for (const auto& one : all) {
    const std::string& name = one->command.name;
    const auto result = one->program.result();
    EXPECT_EQ(result.exit_code, 7) << name << ": " << result.err;
    const char* said = one->is_training() ? "the state is saved" : "interrupted";
    EXPECT_NE(result.err.find(said), std::string::npos) << name << ": " << result.err;
    EXPECT_TRUE(!one->is_training() || holds_a_state(one->place / "new"));
    if (one->is_training()) fs::remove_all(one->place / "new");
    if (result.err.find("new.parts: the same call with --resume") != std::string::npos)
      fs::remove_all(one->place / "new.parts");
    EXPECT_EQ(one->place.names(), one->before) << name;
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

TEST(CpuLimit, SavesTheState) {
  const test::Workplace place;
  std::vector<std::string> words = {"bash", "-c", "ulimit -S -t 3; exec \"$@\"", "bash"};
  for (const auto& word : test::farfield_command(test::every_long_command()[0].arguments)) words.push_back(word);
  const auto result = test::run_program(words, {}, place.path().string());
  EXPECT_EQ(result.exit_code, 7) << result.err;
  EXPECT_TRUE(holds_a_state(place / "new"));
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
