#include "train/checkpoints.h"

#include <csignal>
#include <fstream>
#include <random>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/io/file.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {
namespace fs = std::filesystem;

TensorFile numbered(int64_t images) {
  TensorFile file;
  file.tensors["x"] = torch::full({1000}, static_cast<float>(images));
  return file;
}

int64_t number_in(const TensorFile& file) { return file.tensors.at("x")[0].item<int64_t>(); }

void flip_byte(const fs::path& path, std::streamoff at) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(at);
  const char byte = static_cast<char>(file.get() ^ 1);
  file.seekp(at);
  file.put(byte);
}

TEST(Checkpoints, KeepTheNewestStatesAndEverySnapshot) {
  test::TempDir folder;
  Checkpoints checkpoints(folder.path(), 2);
  for (int64_t images = 10; images <= 50; images += 10) {
    checkpoints.save_state(numbered(images), images);
    checkpoints.save_snapshot(numbered(images), images);
  }
  const auto manifest = read_checkpoint_manifest(folder.path());
  ASSERT_EQ(manifest.states.size(), 2u);
  EXPECT_EQ(manifest.states[0].file, "states/state-000000000040.safetensors");
  EXPECT_EQ(manifest.states[1].images, 50);
  EXPECT_EQ(manifest.snapshots.size(), 5u);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder / "states"), {}), 2);
  EXPECT_EQ(number_in(Checkpoints(folder.path(), 2).newest_state()->file), 50);
}

TEST(Checkpoints, ADamagedNewestStateIsPassedOverAndNamed) {
  test::TempDir folder;
  {
    Checkpoints checkpoints(folder.path(), 3);
    for (int64_t images : {10, 20, 30}) checkpoints.save_state(numbered(images), images);
  }
  const fs::path newest = folder / "states/state-000000000030.safetensors";
  const std::string whole = read_file(newest, 1 << 20);
  std::minstd_rand random(1);
  for (int trial = 0; trial < 50; ++trial) {  // truncated or flipped anywhere
    if (trial % 2 == 0) {
      fs::resize_file(newest, random() % whole.size());
    } else {
      flip_byte(newest, static_cast<std::streamoff>(random() % whole.size()));
    }
    testing::internal::CaptureStderr();
    EXPECT_EQ(number_in(Checkpoints(folder.path(), 3).newest_state()->file), 20) << trial;
    EXPECT_NE(testing::internal::GetCapturedStderr().find("state-000000000030"), std::string::npos) << trial;
    write_file_atomically(newest, whole);
  }
  fs::remove(newest);
  flip_byte(folder / "states/state-000000000020.safetensors", 4000);
  Checkpoints survivors(folder.path(), 3);
  EXPECT_EQ(number_in(survivors.newest_state()->file), 10);
  survivors.save_state(numbered(20), 20);  // the run goes on from there
  EXPECT_EQ(number_in(Checkpoints(folder.path(), 3).newest_state()->file), 20);
}

TEST(Checkpoints, NothingToResumeFromIsNoError) {
  test::TempDir folder;
  EXPECT_FALSE(Checkpoints(folder.path(), 2).newest_state());
}

// T1: kill -9 at random moments of a process that does nothing but save.
TEST(Checkpoints, SurviveKillsWhileSaving) {
  test::TempDir folder;
  std::minstd_rand random(7);
  int64_t last = 0;
  for (int trial = 0; trial < 40; ++trial) {
    int saved[2];
    ASSERT_EQ(pipe(saved), 0);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      Checkpoints checkpoints(folder.path(), 2);
      for (int64_t images = last + 1;; ++images) {
        checkpoints.save_state(numbered(images), images);
        if (images == last + 1 && write(saved[1], "", 1) != 1) _exit(1);
      }
    }
    char once;
    ASSERT_EQ(read(saved[0], &once, 1), 1);
    usleep(random() % 20'000);
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    close(saved[0]);
    close(saved[1]);
    testing::internal::CaptureStderr();
    const auto newest = Checkpoints(folder.path(), 2).newest_state();
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "") << "a damaged entry after kill " << trial;
    ASSERT_TRUE(newest);
    EXPECT_GT(number_in(newest->file), last);
    last = number_in(newest->file);
  }
}

TEST(CheckpointManifest, DamagedOnesAreRefused) {
  const std::vector<std::string> bad = {
      "",
      "[]",
      "{",
      R"({"format": 2, "states": [], "snapshots": []})",
      R"({"format": 1, "states": []})",
      R"({"format": 1, "states": [{"file": "../x", "images": 1, "sha256": ""}], "snapshots": []})",
      R"({"format": 1, "states": [{"file": "/etc/passwd", "images": 1, "sha256": ""}], "snapshots": []})",
      R"({"format": 1, "states": [{"file": 3, "images": 1, "sha256": ""}], "snapshots": []})",
      R"({"format": 1, "states": [{"file": "a", "images": 2, "sha256": ""},)"
      R"({"file": "b", "images": 1, "sha256": ""}], "snapshots": []})",
  };
  for (const auto& text : bad) {
    test::TempDir folder;
    write_file_atomically(folder / "checkpoints.json", text);
    const auto error = test::error_of([&] { read_checkpoint_manifest(folder.path()); });
    ASSERT_TRUE(error) << text;
    EXPECT_EQ(error->code(), ExitCode::kBadFile) << text;
  }
}

}  // namespace
}  // namespace farfield
