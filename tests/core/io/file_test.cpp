#include "core/io/file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <functional>
#include <thread>

#include <fmt/format.h>

#include "core/io/system_calls.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace fs = std::filesystem;
namespace {

constexpr uint64_t kLimit = uint64_t{1} << 30;
constexpr const char* kNewText = "a new text of more than seven bytes";

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

// Puts the real calls back at the end of a test.
class Calls {
 public:
  ~Calls() { system_calls() = SystemCalls::real(); }
  SystemCalls* operator->() { return &system_calls(); }
};

// Asks `fails` before every call of the table; true makes the call fail with the errno it set. Writes are cut short.
void intercept(const std::function<bool(const std::string& call)>& fails) {
  auto& table = system_calls();
  const SystemCalls real = SystemCalls::real();
  table.open = [=](const char* path, int flags, mode_t mode) {
    return fails((flags & O_DIRECTORY) != 0 ? "open folder" : "open") ? -1 : real.open(path, flags, mode);
  };
  table.write = [=](int descriptor, const void* bytes, size_t count) -> ssize_t {
    return fails("write") ? -1 : real.write(descriptor, bytes, std::min<size_t>(count, 7));  // always short
  };
  table.fsync = [=](int descriptor) {
    struct stat status{};
    ::fstat(descriptor, &status);
    return fails(S_ISDIR(status.st_mode) ? "fsync folder" : "fsync") ? -1 : real.fsync(descriptor);
  };
  table.close = [=](int descriptor) {
    const int closed = real.close(descriptor);  // a failing close has closed all the same
    return fails("close") ? -1 : closed;
  };
  table.rename = [=](const char* from, const char* to) { return fails("rename") ? -1 : real.rename(from, to); };
  table.unlink = [=](const char* path) { return fails("unlink") ? -1 : real.unlink(path); };
}

int calls_of_one_save() {
  const test::TempDir folder;
  Calls restore;
  int seen = 0;
  intercept([&](const std::string&) { return ++seen == 0; });
  write_file_atomically(folder / "f", kNewText);
  return seen;
}

TEST(File, WritesReadsAndReplaces) {
  const test::TempDir folder;
  const std::string text(3'000'000, 'x');
  write_file_atomically(folder / "f", text);
  EXPECT_EQ(read_file(folder / "f", kLimit), text);
  write_file_atomically(folder / "f", "");
  EXPECT_EQ(read_file(folder / "f", kLimit), "");
  EXPECT_EQ(names_in(folder.path()), std::vector<std::string>{"f"});
  write_file_atomically(folder / "f", "12345");
  const auto error = test::error_of([&] { read_file(folder / "f", 4); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ExitCode::kBadFile);
}

TEST(File, DataReachTheDiskBeforeTheNameAndTheFolderAfter) {
  const test::TempDir folder;
  Calls restore;
  std::vector<std::string> order;
  intercept([&](const std::string& call) {
    if (order.empty() || order.back() != call) order.push_back(call);
    return false;
  });
  write_file_atomically(folder / "f", kNewText);
  EXPECT_EQ(order, (std::vector<std::string>{"open", "write", "fsync", "close", "rename", "open folder", "fsync folder",
                                             "close"}));
}

// For every k and every error: fail the k-th call once; the old file or (only after the rename) the new one is there,
// whole, and nothing else.
TEST(File, NoFailingCallLosesTheOldFile) {
  const int calls = calls_of_one_save();
  ASSERT_EQ(calls, 1 + 5 + 1 + 1 + 1 + 3);  // open, write in fives, fsync, close, rename, three for the folder
  for (const int error_number : {EIO, ENOSPC, EDQUOT, EACCES}) {
    for (int k = 0; k < calls; ++k) {
      const test::TempDir folder;
      write_file_atomically(folder / "f", "old");
      Calls restore;
      int seen = 0;
      std::string failed_call;
      intercept([&](const std::string& call) {
        if (seen++ != k) return false;
        failed_call = call;
        errno = error_number;
        return true;
      });
      std::string message;
      try {
        write_file_atomically(folder / "f", kNewText);
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), ExitCode::kIo);
        message = error.what();
      }
      system_calls() = SystemCalls::real();
      const bool last_close = k + 1 == calls;  // of the folder, after its fsync: harmless
      const bool after_rename = last_close || failed_call.find("folder") != std::string::npos;
      const std::string text = read_file(folder / "f", kLimit);
      EXPECT_EQ(text, after_rename ? kNewText : "old") << k << failed_call;
      EXPECT_EQ(names_in(folder.path()), std::vector<std::string>{"f"}) << k << failed_call;
      if (last_close) {
        EXPECT_EQ(message, "");
      } else {
        EXPECT_NE(message.find(std::strerror(error_number)), std::string::npos) << k << failed_call << message;
        EXPECT_NE(message.find((folder / "f").string()), std::string::npos) << message;
      }
    }
  }
}

TEST(File, InterruptedCallsAreRetried) {
  const int calls = calls_of_one_save();
  for (int k = 0; k < calls; ++k) {
    const test::TempDir folder;
    write_file_atomically(folder / "f", "old");
    Calls restore;
    int seen = 0;
    intercept([&](const std::string&) {
      errno = EINTR;
      return seen++ == k;
    });
    write_file_atomically(folder / "f", kNewText);
    system_calls() = SystemCalls::real();
    EXPECT_EQ(read_file(folder / "f", kLimit), kNewText) << k;
    EXPECT_EQ(names_in(folder.path()), std::vector<std::string>{"f"}) << k;
  }
}

// A disk with room for `budget` bytes, for every budget below the size of the file.
TEST(File, FullDiskKeepsTheOldFileAtEverySize) {
  const test::TempDir folder;
  write_file_atomically(folder / "f", "old");
  const std::string text(300, 'n');
  for (size_t budget = 0; budget < text.size(); ++budget) {
    Calls restore;
    size_t room = budget;
    restore->write = [&](int descriptor, const void* bytes, size_t count) -> ssize_t {
      const size_t part = std::min(count, room);
      errno = ENOSPC;
      if (part == 0) return -1;
      room -= part;
      return ::write(descriptor, bytes, part);
    };
    const auto error = test::error_of([&] { write_file_atomically(folder / "f", text); });
    ASSERT_TRUE(error) << budget;
    EXPECT_EQ(error->code(), ExitCode::kIo);
    EXPECT_NE(std::string(error->what()).find("No space left"), std::string::npos) << error->what();
    EXPECT_EQ(read_file(folder / "f", kLimit), "old");
    EXPECT_EQ(names_in(folder.path()), std::vector<std::string>{"f"});
  }
}

// A child writes version after version and is killed at random moments: the file is always a whole version, never an
// older one than the last that was reported written, and the next start clears what was left.
TEST(File, KillingTheWriterLosesNothing) {
  struct Shared {
    std::atomic<bool> started{false};
    std::atomic<int> written{-1};
  };
  const test::TempDir folder;
  void* memory = ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(memory, MAP_FAILED);
  auto* shared = new (memory) Shared;
  const auto version = [](int number) {
    return fmt::format("{:08}", number) + std::string(100'000, 'a' + number % 26);
  };
  uint32_t random = 1;
  int next = 0;
  for (int kill_number = 0; kill_number < 200; ++kill_number) {
    shared->started = false;
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      shared->started = true;
      for (int number = next;; ++number) {
        write_file_atomically(folder / "f", version(number));
        shared->written = number;
      }
    }
    while (!shared->started) ::usleep(100);
    random = random * 1664525u + 1013904223u;
    ::usleep((random >> 8) % 10'000);
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    if (!fs::exists(folder / "f")) {
      ASSERT_EQ(shared->written, -1) << "kill " << kill_number;
      continue;
    }
    const std::string text = read_file(folder / "f", kLimit);
    const int number = std::stoi(text.substr(0, 8));
    ASSERT_EQ(text, version(number)) << "kill " << kill_number;
    ASSERT_GE(number, shared->written) << "kill " << kill_number;
    next = number + 1;
  }
  EXPECT_GT(next, 0) << "the child never came to write";
  remove_stale_temporaries(folder.path());
  EXPECT_EQ(names_in(folder.path()), std::vector<std::string>{"f"});
  ::munmap(memory, sizeof(Shared));
}

TEST(File, OnlyTemporariesOfTheDeadAreRemoved) {
  const test::TempDir folder;
  const pid_t dead = ::fork();
  if (dead == 0) ::_exit(0);
  ::waitpid(dead, nullptr, 0);
  const std::vector<std::string> keep = {
      fmt::format("a.tmp.{}", ::getpid()), "a.tmp.", "a.tmp.12x", "a.tmp.1", fmt::format(".tmp.{}", dead),
      "a.tmp.99999999999999999999",        "data"};
  for (const auto& name : keep) std::ofstream(folder / name) << "x";
  fs::create_directory(folder / fmt::format("folder.tmp.{}", dead));
  std::ofstream(folder / fmt::format("a.tmp.{}", dead)) << "x";
  remove_stale_temporaries(folder.path());
  remove_stale_temporaries(folder / "missing");
  auto expected = keep;
  expected.push_back(fmt::format("folder.tmp.{}", dead));
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(names_in(folder.path()), expected);
}

TEST(File, ATemporaryOfAnEarlierProcessWithOurNumberIsNoObstacle) {
  const test::TempDir folder;
  std::ofstream(folder / fmt::format("f.tmp.{}", ::getpid())) << "left behind";
  write_file_atomically(folder / "f", "new");
  EXPECT_EQ(names_in(folder.path()), std::vector<std::string>{"f"});
}

TEST(File, ThreadsWithOneTargetTakeTurns) {
  const test::TempDir folder;
  std::vector<std::thread> threads;
  for (char letter : {'a', 'b', 'c', 'd'}) {
    threads.emplace_back([&, letter] {
      for (int i = 0; i < 20; ++i) write_file_atomically(folder / "f", std::string(100'000, letter));
    });
  }
  for (auto& thread : threads) thread.join();
  const std::string text = read_file(folder / "f", kLimit);
  EXPECT_EQ(text, std::string(100'000, text.at(0)));
}

TEST(File, UnusablePathsAreIoErrorsAndStayAsTheyAre) {
  const test::TempDir folder;
  fs::create_directory(folder / "folder");
  std::ofstream(folder / "file") << "x";
  ASSERT_EQ(::mkfifo((folder / "fifo").c_str(), 0600), 0);
  fs::create_symlink("loop-b", folder / "loop-a");
  fs::create_symlink("loop-a", folder / "loop-b");
  fs::create_symlink("nowhere", folder / "dangling");
  const std::string long_name(300, 'n');
  struct Case {
    fs::path path;
    bool readable, writable;
  };
  const Case cases[] = {
      {folder / "missing/f", false, false},
      {folder / "folder", false, false},
      {folder / "folder/", false, false},
      {folder / "file/f", false, false},
      {folder / "fifo", false, false},
      {folder / "loop-a", false, false},
      {folder / "loop-a/f", false, false},
      {folder / long_name, false, false},
      {"/dev/full", false, false},
      {"/dev/null", false, false},
      {"", false, false},
      {"/proc/farfield", false, false},
      {folder / "missing", false, true},
      {folder / "dangling", false, true},
      {folder / "file", true, true},
  };
  for (const auto& [path, readable, writable] : cases) {
    const auto outcome = [&](auto&& call) {
      try {
        call();
        return ExitCode::kOk;
      } catch (const Error& error) {
        EXPECT_NE(std::string(error.what()).find(path.string()), std::string::npos) << error.what();
        return error.code();
      }
    };
    EXPECT_EQ(outcome([&] { read_file(path, kLimit); }), readable ? ExitCode::kOk : ExitCode::kIo) << path;
    EXPECT_EQ(outcome([&] { sha256_file(path); }), readable ? ExitCode::kOk : ExitCode::kIo) << path;
    EXPECT_EQ(outcome([&] { write_file_atomically(path, "new"); }), writable ? ExitCode::kOk : ExitCode::kIo) << path;
  }
  EXPECT_TRUE(fs::is_symlink(folder / "dangling"));
  EXPECT_EQ(read_file(folder / "nowhere", kLimit), "new");
  EXPECT_TRUE(fs::is_fifo(folder / "fifo"));
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
}

// In a child that gives up root, which may read and write everything.
TEST(File, LackOfPermissionIsAnIoError) {
  EXPECT_EXIT(
      {
        constexpr uid_t kNobody = 65534;
        if (::geteuid() == 0 && (::setgid(kNobody) != 0 || ::setuid(kNobody) != 0)) std::_Exit(1);
        {
          const test::TempDir folder;
          std::ofstream(folder / "secret") << "x";
          fs::permissions(folder / "secret", fs::perms::none);
          fs::create_directory(folder / "locked");
          fs::permissions(folder / "locked", fs::perms::owner_read | fs::perms::owner_exec);
          for (const auto& call : {std::function<void()>([&] { read_file(folder / "secret", kLimit); }),
                                   std::function<void()>([&] { write_file_atomically(folder / "locked/f", "x"); })}) {
            const auto error = test::error_of(call);
            if (!error || error->code() != ExitCode::kIo) std::_Exit(2);
            if (std::string(error->what()).find("Permission denied") == std::string::npos) std::_Exit(3);
          }
        }
        std::_Exit(0);
      },
      testing::ExitedWithCode(0), "");
}

TEST(File, DeletedWorkingFolderIsAnIoError) {
  EXPECT_EXIT(
      {
        {
          const test::TempDir folder;
          fs::current_path(folder.path());
        }
        int code = 0;
        try {
          write_file_atomically("f", "x");
        } catch (const Error& error) {
          code = static_cast<int>(error.code());
        }
        std::_Exit(code);
      },
      testing::ExitedWithCode(static_cast<int>(ExitCode::kIo)), "");
}

TEST(File, Sha256IsTheStandards) {
  EXPECT_EQ(sha256(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  const test::TempDir folder;
  for (const size_t size : {size_t{0}, size_t{1}, size_t{1} << 20, (size_t{3} << 20) + 5}) {
    const std::string text(size, 'q');
    write_file_atomically(folder / "f", text);
    EXPECT_EQ(sha256_file(folder / "f"), sha256(text)) << size;
  }
}

}  // namespace
}  // namespace farfield
