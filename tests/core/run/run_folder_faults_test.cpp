// Every system call of a run folder's life fails, or the process is killed there: nothing of the user's is lost, and the
// next run goes on.
#include <cerrno>
#include <csignal>
#include <cstring>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/io/file.h"
#include "core/run/run_folder.h"
#include "tests/core/failing_calls.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {
namespace fs = std::filesystem;

constexpr uint64_t kFaultLimit = 1 << 20;
constexpr int kSucceeded = 0, kRefused = 60, kOther = 61;

// A run that leaves two files; with `force` it replaces what another one left.
void run(const fs::path& target, const std::string& text) {
  RunFolder folder({target, "sample", /*force=*/true, {}});
  write_file_atomically(folder.path("samples.npz"), text + " samples");
  write_file_atomically(folder.path("samples.csv"), text + " table");
  folder.commit(RunInfo({"farfield", "sample"}));
}

bool holds(const fs::path& folder, const std::string& text) {
  std::error_code error;
  return fs::exists(folder / "samples.npz", error) &&
         read_file(folder / "samples.npz", kFaultLimit) == text + " samples" &&
         fs::exists(folder / "samples.csv", error) &&
         read_file(folder / "samples.csv", kFaultLimit) == text + " table" && fs::exists(folder / "run.json", error);
}

// run() in a process of its own, in which `fault` strikes; true when it came to the fault.
struct Outcome {
  int status = 0;
  bool struck = false;
};
Outcome run_with_fault(const fs::path& target, const test::CallFault& fault) {
  const pid_t child = fork();
  if (child == 0) {
    int code = kSucceeded;
    test::arm_calls(fault);
    try {
      run(target, "second");
    } catch (const Error& error) {
      code = error.code() == ExitCode::kIo ? kRefused : kOther;
    } catch (const fs::filesystem_error&) {  // exit 5, too
      code = kRefused;
    } catch (...) {
      code = kOther;
    }
    const bool struck = test::calls_seen() > fault.at;
    _exit(struck ? code : 100 + code);
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return {WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status) % 100,
          WIFSIGNALED(status) || WEXITSTATUS(status) < 100};
}

std::vector<fs::path> folders_with(const fs::path& parent, const std::string& text) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(parent)) {
    if (holds(entry.path(), text)) found.push_back(entry.path());
  }
  return found;
}

void check_place(const test::TempDir& dir, const Outcome& outcome, bool replaces) {
  const fs::path target = dir / "run";
  EXPECT_EQ(read_file(dir / "thesis.txt", kFaultLimit), "precious");
  const bool new_stands = holds(target, "second");
  EXPECT_TRUE(outcome.status != kSucceeded || new_stands);
  EXPECT_TRUE(!replaces || new_stands || folders_with(dir.path(), "first").size() == 1) << "the earlier output is lost";
  EXPECT_TRUE(!fs::exists(target) || fs::is_empty(target) || new_stands || holds(target, "first")) << "half an output";
}

void expect_that_the_next_run_goes_on(const test::TempDir& dir) {
  run(dir / "run", "third");
  EXPECT_TRUE(holds(dir / "run", "third"));
  for (const auto& entry : fs::directory_iterator(dir.path())) {
    const std::string name = entry.path().filename().string();
    const bool kept = name.starts_with("run-") ||
                      name.starts_with(".run.old-");  // said in a message, and not ours to delete
    EXPECT_TRUE(name == "run" || name == "thesis.txt" || kept) << name;
  }
}

void sweep_faults(bool replaces) {
  for (const int error : {0, EIO}) {
    long at = 0;
    for (;; ++at) {
      SCOPED_TRACE(fmt::format("call {}, {}", at, error == 0 ? "killed" : std::strerror(error)));
      const test::TempDir dir;
      write_file_atomically(dir / "thesis.txt", "precious");
      if (replaces) run(dir / "run", "first");
      testing::internal::CaptureStderr();
      const Outcome outcome = run_with_fault(dir / "run", {at, error});
      EXPECT_TRUE(error != 0 || !outcome.struck || outcome.status == -SIGKILL) << outcome.status;
      EXPECT_NE(outcome.status, kOther);
      check_place(dir, outcome, replaces);
      expect_that_the_next_run_goes_on(dir);
      testing::internal::GetCapturedStderr();
      if (!outcome.struck) break;
      ASSERT_LT(at, 1000);
    }
    EXPECT_GT(at, 15) << "few calls: does this test still see them?";
  }
}

TEST(RunFolderFaults, AnyCallOfAFirstRun) { sweep_faults(/*replaces=*/false); }
TEST(RunFolderFaults, AnyCallOfARunThatReplacesAnother) { sweep_faults(/*replaces=*/true); }

}  // namespace
}  // namespace farfield
