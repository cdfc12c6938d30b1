// Every allocation of our own fails once, and with all later ones, over configs, files, data sets, statistics and run
// folders: the failure is want of memory and nothing else, files are the old or the new ones, and no folder is half made.
#include "core/want_of_memory.h"

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <new>
#include <system_error>

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/config/config.h"
#include "core/data/source.h"
#include "core/io/file.h"
#include "core/io/image.h"
#include "core/io/npz.h"
#include "core/io/rows.h"
#include "core/io/safetensors.h"
#include "core/math/eigen.h"
#include "core/math/moments.h"
#include "core/run/run_folder.h"
#include "tests/core/failing_allocations.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {
namespace fs = std::filesystem;
using test::RefusedAllocation;

constexpr uint64_t kMemoryLimit = 1 << 24;

// What an action does, and what must hold after it failed, and in the end.
struct Path {
  std::string name;
  std::function<void(const fs::path& folder)> prepare, act, check;
};

void nothing(const fs::path&) {}

// Acts once with a refused allocation; false when it ended before that one came.
bool act(const Path& path, const fs::path& folder, int64_t k, RefusedAllocation::Which which) {
  RefusedAllocation refused(k, which);
  try {
    path.act(folder);
  } catch (const std::exception& error) {
    // Nothing is allocated while this is looked at: the failure may be every allocation's.
    const bool happened = refused.happened();
    RefusedAllocation off(INT64_MAX, RefusedAllocation::Which::kOne);
    EXPECT_TRUE(happened) << path.name << ": " << error.what();
    EXPECT_TRUE(is_want_of_memory(error)) << path.name << ", allocation " << k << ": " << error.what();
    EXPECT_EQ(describe_want_of_memory(error).substr(0, 13), "out of memory") << error.what();
    return true;
  }
  return refused.happened();  // it can be done without, as a message can
}

enum End : int { kDone, kWrong, kTerminated };

// Every one of the first, then every so many of them; FARFIELD_EVERY_ALLOCATION=1: all.
int64_t after(int64_t k) {
  static const bool all = std::getenv("FARFIELD_EVERY_ALLOCATION") != nullptr;
  return all || k < 40 ? k + 1 : k + k / 10;
}

// tools/sudden_ends.cpp: JSON's destructors and directory iterators allocate where nothing may be thrown, and a JSON value
// whose object was refused crashes when it is destroyed.
[[noreturn]] void end_like_the_program() {
  RefusedAllocation off(INT64_MAX, RefusedAllocation::Which::kOne);
  remove_partial_folders();
  _exit(kTerminated);
}

// Refuses the k-th allocation, then a later one, until one is not reached; each time in a folder of its own.
[[noreturn]] void sweep_from(std::atomic<int64_t>& k, const Path& path, const fs::path& dir,
                             RefusedAllocation::Which which) {
  std::set_terminate(end_like_the_program);
  std::signal(SIGSEGV, [](int) { end_like_the_program(); });
  for (;; k = after(k)) {
    const fs::path folder = dir / std::to_string(k);
    fs::create_directory(folder);
    path.prepare(folder);
    const bool happened = act(path, folder, k, which);
    path.check(folder);
    if (testing::Test::HasFailure()) {
      std::fflush(stdout);  // gtest's words
      _exit(kWrong);
    }
    fs::remove_all(folder);
    if (!happened) _exit(kDone);
  }
}

// In children, because some ends are ends of the process.
void sweep_memory(const Path& path) {
  void* const shared = ::mmap(nullptr, sizeof(std::atomic<int64_t>), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
                              -1, 0);
  ASSERT_NE(shared, MAP_FAILED);
  auto& k = *new (shared) std::atomic<int64_t>;
  for (const auto which : {RefusedAllocation::Which::kOne, RefusedAllocation::Which::kAllFrom}) {
    const test::TempDir dir;
    k = 0;
    for (;; k = after(k)) {
      const pid_t child = ::fork();
      if (child == 0) sweep_from(k, path, dir.path(), which);
      int status = 0;
      ::waitpid(child, &status, 0);
      ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) != kWrong)
          << path.name << ", allocation " << k << ": " << status;
      if (WEXITSTATUS(status) == kDone) break;
      remove_stale_temporaries(dir / std::to_string(k));
      path.check(dir / std::to_string(k));
    }
    EXPECT_GT(k, 3) << path.name << ": few allocations; does this test still see them?";
  }
  ::munmap(shared, sizeof(std::atomic<int64_t>));
}

TensorFile tensors() {
  return {{{"a", torch::arange(40, torch::kFloat32)}, {"b", torch::ones({3, 2}, torch::kFloat64)}}, {{"kind", "test"}}};
}

// The file is the old one or the new one, and nothing lies beside it.
Path writer(std::string name, std::function<void(const fs::path& file)> write) {
  return {std::move(name), [](const fs::path& folder) { std::ofstream(folder / "f") << "old"; },
          [write](const fs::path& folder) { write(folder / "f"); }, [](const fs::path& folder) {
    EXPECT_GE(fs::file_size(folder / "f"), 3u);
    EXPECT_EQ(std::distance(fs::directory_iterator(folder), fs::directory_iterator()), 1);
  }};
}

Path reader(std::string name, std::function<void(const fs::path& file)> write,
            std::function<void(const fs::path& file)> read) {
  return {std::move(name), [write](const fs::path& folder) { write(folder / "f"); },
          [read](const fs::path& folder) { read(folder / "f"); }, nothing};
}

TEST(WantOfMemory, OfAnyAllocationOfConfigs) {
  const std::string yaml = "a: 1\nb: [1, 2, {c: text}]\nd: {e: 1e-3, f: true}\n";
  sweep_memory({"config", nothing, [&](const fs::path&) {
    Config config = Config::from_text(yaml, "c.yaml");
    config.set("d.e=0.5");
    config.integer("a", 0);
    config.section("d").number("e", 0);
    config.section("d").flag("f", false);
    config.resolved();
    try {
      config.finish();  // 'b' was not read
    } catch (const Error& error) {
      if (error.code() != ExitCode::kUsage) throw;
    }
  }, nothing});
}

TEST(WantOfMemory, OfAnyAllocationOfWriters) {
  const Table table{{"x", "y"}, {{1.5, std::string("a,b")}, {int64_t{3}, {}}}};
  sweep_memory(writer("text", [](const fs::path& file) { write_file_atomically(file, "a new text"); }));
  sweep_memory(writer("csv", [&](const fs::path& file) { write_csv(file, table); }));
  sweep_memory(writer("safetensors", [](const fs::path& file) { write_safetensors(file, tensors()); }));
  sweep_memory(writer("npz", [](const fs::path& file) { write_npz(file, tensors().tensors); }));
  sweep_memory(writer("run.json", [](const fs::path& file) {
    RunInfo info({"farfield", "sample"});
    info.add_number("x", 1);
    info.add_input("self", file);
    info.write(file);
  }));
}

TEST(WantOfMemory, OfAnyAllocationOfReaders) {
  sweep_memory(reader("safetensors", [](const fs::path& file) { write_safetensors(file, tensors()); },
                      [](const fs::path& file) { read_safetensors(file); }));
  sweep_memory(reader("npz", [](const fs::path& file) { write_npz(file, tensors().tensors); },
                      [](const fs::path& file) { read_npz(file); }));
  sweep_memory(reader("hash", [](const fs::path& file) { write_file_atomically(file, "text"); },
                      [](const fs::path& file) { sha256_file(file); }));
  sweep_memory(reader("log", [](const fs::path& file) { write_file_atomically(file, "{}\ntorn"); },
                      [](const fs::path& file) { JsonLines(file).append("{\"a\": 1}"); }));
}

TEST(WantOfMemory, OfAnyAllocationOfDataSets) {
  const auto images = torch::arange(2 * 4 * 4, torch::kUInt8).view({2, 4, 4, 1});
  sweep_memory({"npz", [&](const fs::path& folder) {
    write_npz(folder / "d.npz", {{"images", images}, {"labels", torch::arange(2)}});
  }, [](const fs::path& folder) { open_data((folder / "d.npz").string()); }, nothing});
  sweep_memory({"folder", [&](const fs::path& folder) {
    fs::create_directory(folder / "d");
    for (const char* name : {"a.png", "b.png"}) write_png(folder / "d" / name, images[0], {});
    write_file_atomically(folder / "d/dataset.json", R"({"labels": [["a.png", 1], ["b.png", 0]]})");
  }, [](const fs::path& folder) { open_data((folder / "d").string()); }, nothing});
  sweep_memory({"glyphs", nothing, [](const fs::path&) { open_data("glyphs,size=8,count=3"); }, nothing});
  sweep_memory({"points", nothing, [](const fs::path&) { open_data("moons,count=4"); }, nothing});
}

TEST(WantOfMemory, OfAnyAllocationOfStatistics) {
  const auto rows = torch::arange(60, torch::kFloat64).view({20, 3}).sin();
  sweep_memory({"moments", nothing, [&](const fs::path&) {
    Moments moments(3);
    moments.add(rows);
    covariance_eigen(moments.covariance());
  }, nothing});
}

TEST(WantOfMemory, OfAnyAllocationOfARunFolder) {
  const auto run = [](const fs::path& folder, const std::string& text) {
    RunFolder output({folder / "run", "sample", /*force=*/true, {}});
    write_file_atomically(output.path("samples.csv"), text);
    output.commit(RunInfo({"farfield", "sample"}));
  };
  sweep_memory({"run folder", [&](const fs::path& folder) { run(folder, "first"); },
                [&](const fs::path& folder) { run(folder, "second"); }, [&](const fs::path& folder) {
    tidy_place(folder / "run");
    EXPECT_GE(read_file(folder / "run/samples.csv", kMemoryLimit).size(), 5u);
    for (const auto& entry : fs::directory_iterator(folder)) {
      const std::string name = entry.path().filename().string();
      EXPECT_EQ(name.find("partial"), std::string::npos) << name;
    }
  }});
}

TEST(WantOfMemory, IsKnownInEveryDress) {
  const auto torch_error = [] {
    try {
      torch::empty({int64_t{1} << 46}, torch::kUInt8);
    } catch (const std::exception& error) {
      return describe_want_of_memory(error);
    }
    return std::string("no error");
  }();
  EXPECT_NE(torch_error.find("70368744177664 bytes were refused"), std::string::npos) << torch_error;
  const std::system_error no_thread(EAGAIN, std::generic_category());
  EXPECT_TRUE(is_want_of_memory(no_thread));
  EXPECT_TRUE(is_want_of_memory(std::bad_alloc()));
  EXPECT_TRUE(is_want_of_memory(std::runtime_error("could not create a primitive")));
  EXPECT_TRUE(is_want_of_memory(io_error("cannot read f", ENOMEM)));
  for (const auto& other : {io_error("cannot read f", ENOENT), bad_file("f", "damaged"), usage_error("no")}) {
    EXPECT_FALSE(is_want_of_memory(other)) << other.what();
    pass_on_want_of_memory(other);
  }
  EXPECT_FALSE(is_want_of_memory(std::system_error(EPIPE, std::generic_category())));
  const auto passed_on = test::error_of([] { pass_on_want_of_memory(std::bad_alloc()); });
  ASSERT_TRUE(passed_on);
  EXPECT_EQ(passed_on->code(), ExitCode::kMemory);
  const auto missing = test::error_of([] { require_memory(size_t{1} << 46); });
  ASSERT_TRUE(missing);
  EXPECT_EQ(missing->code(), ExitCode::kMemory);
  require_memory(1);
}

}  // namespace
}  // namespace farfield
