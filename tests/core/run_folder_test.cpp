#include "core/run_folder.h"

#include <fstream>

#include <gtest/gtest.h>

#include "tests/support/test_support.h"

namespace farfield {
namespace {
namespace fs = std::filesystem;

void put(const fs::path& file, const std::string& text) { std::ofstream(file) << text; }

size_t entries(const fs::path& folder) {
  return static_cast<size_t>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

TEST(RunFolder, AppearsWholeOrNotAtAll) {
  test::TempDir dir;
  {
    RunFolder folder(dir / "a/run", false);
    put(folder.path("run.json"), "{}");
    EXPECT_FALSE(fs::exists(dir / "a/run"));
    folder.commit();
    EXPECT_TRUE(fs::exists(dir / "a/run/run.json"));
  }
  { RunFolder abandoned(dir / "a/other", false); }
  EXPECT_EQ(entries(dir / "a"), 1u);
}

TEST(RunFolder, NeverOverwritesWithoutForceNorWhatIsNotOurs) {
  test::TempDir dir;
  fs::create_directory(dir / "run");
  put(dir / "run/thesis.txt", "precious");
  for (const bool force : {false, true}) {
    const auto error = test::error_of([&] { RunFolder folder(dir / "run", force); });
    ASSERT_TRUE(error);
    EXPECT_EQ(error->code(), ExitCode::kUsage);
  }
  EXPECT_TRUE(fs::exists(dir / "run/thesis.txt"));
  EXPECT_EQ(entries(dir.path()), 1u);

  put(dir / "run/run.json", "{}");
  RunFolder folder(dir / "run", true);
  put(folder.path("run.json"), "{\"new\": 1}");
  EXPECT_TRUE(fs::exists(dir / "run/thesis.txt"));
  folder.commit();
  EXPECT_FALSE(fs::exists(dir / "run/thesis.txt"));
  EXPECT_EQ(entries(dir.path()), 1u);
}

TEST(RunFolder, AParentThatCannotHoldItIsAnIoError) {
  test::TempDir dir;
  put(dir / "file", "x");
  const auto error = test::error_of([&] { RunFolder folder(dir / "file/run", false); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ExitCode::kIo);
}

}  // namespace
}  // namespace farfield
