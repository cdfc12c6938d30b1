#include "core/run/run_folder.h"

#include <fstream>

#include <unistd.h>

#include <gtest/gtest.h>

#include "tests/support/files.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {
namespace fs = std::filesystem;
using test::put;

size_t entries(const fs::path& folder) {
  return static_cast<size_t>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

OutputRequest request(const fs::path& target, bool force = false, std::vector<fs::path> inputs = {}) {
  return {target, "sample", force, std::move(inputs)};
}

RunInfo record() { return RunInfo({"farfield", "sample"}); }

// An output of farfield sample with one file.
void make_output(const fs::path& target, const std::string& text = "first") {
  RunFolder folder(request(target));
  put(folder.path("samples.npz"), text);
  folder.commit(record());
}

TEST(RunFolder, AppearsWholeOrNotAtAll) {
  test::TempDir dir;
  {
    RunFolder folder(request(dir / "a/run"));
    put(folder.path("samples.npz"), "x");
    EXPECT_FALSE(fs::exists(dir / "a/run"));
    folder.commit(record());
    EXPECT_TRUE(fs::exists(dir / "a/run/run.json"));
  }
  {
    RunFolder abandoned(request(dir / "a/other"));
  }
  EXPECT_EQ(entries(dir / "a"), 1u);
}

TEST(RunFolder, ReplacesAFinishedOutputOfItsOwnKind) {
  test::TempDir dir;
  make_output(dir / "run");
  RunFolder folder(request(dir / "run", true));
  put(folder.path("samples.npz"), "second one");
  EXPECT_EQ(fs::file_size(dir / "run/samples.npz"), 5u);
  folder.commit(record());
  EXPECT_EQ(fs::file_size(dir / "run/samples.npz"), 10u);
  EXPECT_EQ(entries(dir.path()), 1u);
}

TEST(RunFolder, TouchesNothingElse) {
  struct Row {
    std::string name, fragment;
    std::function<void(const fs::path& run)> change;
    bool force = true;
    std::vector<std::string> inputs = {};
  };
  const std::string changed = "holds what farfield sample did not write";
  const std::vector<Row> rows = {
      {"no force", "add --force", [](const fs::path&) {}, false},
      {"foreign file", "'notes.txt'", [](const fs::path& run) { put(run / "notes.txt", "thesis"); }},
      {"nested foreign file", "'more/notes.txt'",
       [](const fs::path& run) {
    fs::create_directory(run / "more");
    put(run / "more/notes.txt", "thesis");
  }},
      {"empty foreign folder", changed, [](const fs::path& run) { fs::create_directory(run / "more"); }},
      {"link inside", changed, [](const fs::path& run) { fs::create_symlink("samples.npz", run / "link"); }},
      {"edited file", "changed since: 6 bytes, 5 were written",
       [](const fs::path& run) { put(run / "samples.npz", "edited"); }},
      {"damaged run.json", "no output of farfield", [](const fs::path& run) { put(run / "run.json", "{"); }},
      {"foreign run.json", "no output of farfield", [](const fs::path& run) { put(run / "run.json", "{\"a\": 1}"); }},
      {"no run.json", "no output of farfield", [](const fs::path& run) { fs::remove(run / "run.json"); }},
      {"other command's", "is an output of farfield encode",
       [](const fs::path& run) { put(run / "run.json", "{\"kind\": \"encode\", \"files\": []}"); }},
      {"training run", "is a training run",
       [](const fs::path& run) { put(run / "run.json", "{\"kind\": \"train\"}"); }},
      {"older training run", "is a training run",
       [](const fs::path& run) { put(run / "run.json", "{\"command_line\": [\"farfield\", \"train\"]}"); }},
      {"input", "this call reads", [](const fs::path&) {}, true, {"run"}},
      {"input inside", "this call reads", [](const fs::path&) {}, true, {"run/samples.npz"}},
      {"part of an input", "which this call reads", [](const fs::path&) {}, true, {"."}},
      {"hard link",
       "(a hard link)",
       [](const fs::path& run) { fs::create_hard_link(run / "samples.npz", run.parent_path() / "same.npz"); },
       true,
       {"same.npz"}},
  };
  for (const auto& row : rows) {
    test::TempDir dir;
    make_output(dir / "run");
    row.change(dir / "run");
    const auto before = files_of(dir / "run");
    std::vector<fs::path> inputs;
    for (const auto& input : row.inputs) inputs.push_back(fs::canonical(dir / input));
    const auto error = test::error_of([&] { RunFolder folder(request(dir / "run", row.force, inputs)); });
    ASSERT_TRUE(error) << row.name;
    EXPECT_EQ(error->code(), ExitCode::kUsage) << row.name;
    EXPECT_NE(std::string(error->what()).find(row.fragment), std::string::npos) << row.name << ": " << error->what();
    EXPECT_EQ(files_of(dir / "run").size(), before.size()) << row.name;
    fs::remove(dir / "same.npz");
    EXPECT_EQ(entries(dir.path()), 1u) << row.name;
  }
}

TEST(RunFolder, WritesThroughNoLink) {
  test::TempDir dir;
  make_output(dir / "run");
  fs::create_directory_symlink(dir / "run", dir / "link");
  const auto error = test::error_of([&] { RunFolder folder(request(dir / "link", true)); });
  ASSERT_TRUE(error);
  EXPECT_NE(std::string(error->what()).find("is a link"), std::string::npos) << error->what();
  EXPECT_TRUE(fs::exists(dir / "run/samples.npz"));
}

TEST(RunFolder, ReplacesAnOlderOutputByTheFilesOfItsCommand) {
  test::TempDir dir;
  fs::create_directory(dir / "run");
  put(dir / "run/run.json", "{\"command_line\": [\"build/farfield\", \"sample\", \"--out\", \"run\"]}");
  put(dir / "run/samples.npz", "old");
  put(dir / "run/notes.txt", "thesis");
  EXPECT_TRUE(test::error_of([&] { RunFolder folder(request(dir / "run", true)); }));
  fs::remove(dir / "run/notes.txt");
  RunFolder folder(request(dir / "run", true));
  put(folder.path("samples.npz"), "new one");
  folder.commit(record());
  EXPECT_EQ(fs::file_size(dir / "run/samples.npz"), 7u);
}

TEST(RunFolder, KeepsItsResultWhereSomethingAppearedMeanwhile) {
  test::TempDir dir;
  RunFolder folder(request(dir / "run"));
  put(folder.path("samples.npz"), "x");
  fs::create_directory(dir / "run");
  put(dir / "run/thesis.txt", "precious");
  const auto error = test::error_of([&] { folder.commit(record()); });
  ASSERT_TRUE(error);
  const std::string message = error->what();
  const size_t at = message.find("the result is kept in ");
  ASSERT_NE(at, std::string::npos) << message;
  EXPECT_TRUE(fs::exists(fs::path(message.substr(at + 22)) / "samples.npz"));
  EXPECT_TRUE(fs::exists(dir / "run/thesis.txt"));
}

TEST(RunFolder, TidiesWhatDeadProcessesLeft) {
  constexpr const char* kDead = "999999999";  // above every limit of process numbers
  test::TempDir dir;
  fs::create_directories(dir / (std::string(".run.partial-") + kDead));
  fs::create_directories(dir / (std::string(".run.partial-") + std::to_string(getppid())));
  make_output(dir / (std::string(".run.old-") + kDead));
  tidy_place(dir / "run");
  EXPECT_TRUE(fs::exists(dir / "run/samples.npz")) << "an output moved aside is put back";
  EXPECT_FALSE(fs::exists(dir / (std::string(".run.partial-") + kDead)));
  EXPECT_TRUE(fs::exists(dir / (std::string(".run.partial-") + std::to_string(getppid()))))
      << "a living process's stays";
}

TEST(RunFolder, AParentThatCannotHoldItIsAnIoError) {
  test::TempDir dir;
  put(dir / "file", "x");
  const auto error = test::error_of([&] { RunFolder folder(request(dir / "file/run")); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ExitCode::kIo);
}

}  // namespace
}  // namespace farfield
