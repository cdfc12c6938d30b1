// Results that nobody reads and files that may not grow, over every command: exit code 5 with a reason.
#include <algorithm>

#include "tests/support/process.h"
#include "tests/tools/every_command.h"

namespace farfield {
namespace {
namespace fs = std::filesystem;

// `script` with "$@" for the command, in a copy of the workplace.
test::ProcessResult run_in_shell(const std::string& script, const test::CommandCase& command,
                                 const test::Workplace& place) {
  test::Arguments words = {"bash", "-c", script, "bash"};
  for (const auto& word : test::farfield_command(command.arguments)) words.push_back(word);
  return test::run_program(words, {}, place.path().string());
}

bool holds_partial_folder(const test::Workplace& place) {
  return std::ranges::any_of(place.names(),
                             [](const std::string& name) { return name.find("partial") != std::string::npos; });
}

TEST(FailingOutput, AReaderThatLeftIsAnInputOutputErrorOfEveryCommand) {
  for (const auto& command : test::every_command()) {
    const test::Workplace place;
    const auto result = run_in_shell("\"$@\" | true; exit ${PIPESTATUS[0]}", command, place);
    EXPECT_EQ(result.exit_code, 5) << command.name << ": " << result.err;
    EXPECT_NE(result.err.find("error: results could not be written to standard output: Broken pipe"), std::string::npos)
        << command.name << ": " << result.err;
    EXPECT_TRUE(command.out.empty() || fs::exists(place / command.out)) << command.name << ": what it made stands";
  }
}

TEST(FailingOutput, AClosedStandardOutputIsOneToo) {
  for (const auto& command : test::every_command()) {
    if (command.name != "doctor" && command.name != "sample") continue;
    const test::Workplace place;
    const auto result = run_in_shell("exec \"$@\" >&-", command, place);
    EXPECT_EQ(result.exit_code, 5) << command.name << ": " << result.err;
    EXPECT_NE(result.err.find("standard output: Bad file descriptor"), std::string::npos)
        << command.name << ": " << result.err;
  }
}

// Messages that nobody can see are no failure.
TEST(FailingOutput, AClosedStandardErrorEndsNothing) {
  const auto commands = test::every_command();
  for (const char* script : {"\"$@\" 2> >(true)", "\"$@\" 2>&-"}) {
    const test::Workplace place;
    EXPECT_EQ(run_in_shell(script, commands.front(), place).exit_code, 0) << script;
    EXPECT_TRUE(fs::exists(place / "new/checkpoints.json")) << script;
  }
}

// ulimit -f: the system would send SIGXFSZ. The messages go through a pipe, which has no size.
TEST(FailingOutput, AFileThatMayNotGrowIsAnInputOutputErrorOfEveryCommandThatWrites) {
  for (const auto& command : test::every_command()) {
    const test::Workplace place;
    const auto result = run_in_shell("(ulimit -f 0; exec \"$@\") 2>&1 | cat; exit ${PIPESTATUS[0]}", command, place);
    if (command.out.empty()) {
      EXPECT_EQ(result.exit_code, 0) << command.name << ": " << result.out;
      continue;
    }
    EXPECT_EQ(result.exit_code, 5) << command.name << ": " << result.out;
    EXPECT_NE(result.out.find("File too large"), std::string::npos) << command.name << ": " << result.out;
    EXPECT_FALSE(holds_partial_folder(place)) << command.name;
    EXPECT_TRUE(command.name == "train" || !fs::exists(place / command.out)) << command.name;
  }
}

}  // namespace
}  // namespace farfield
