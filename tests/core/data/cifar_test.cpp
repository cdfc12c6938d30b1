#include <gtest/gtest.h>

#include "tests/core/data/data_files.h"

namespace farfield {
namespace {

std::string batch_file(int count) {
  std::string bytes;
  for (int i = 0; i < count; ++i) {
    bytes += static_cast<char>(i % 10);
    for (int plane = 0; plane < 3; ++plane) bytes += std::string(1024, static_cast<char>(50 * plane + i));
  }
  return bytes;
}

struct CifarFolder {
  test::TempDir dir;
  CifarFolder() {
    for (int i = 1; i <= 5; ++i) test::write_bytes(dir / fmt::format("data_batch_{}.bin", i), batch_file(i));
    test::write_bytes(dir / "test_batch.bin", batch_file(3));
  }
  std::string src(const std::string& options = "") const { return "cifar:" + dir.path().string() + options; }
};

TEST(Cifar, ReadsTheBatchesInOrder) {
  const CifarFolder folder;
  const auto train = open_data(folder.src());
  EXPECT_EQ(train->info().count, 15);
  EXPECT_EQ(train->info().shape, (std::vector<int64_t>{3, 32, 32}));
  EXPECT_EQ(train->info().label_dim, 10);
  EXPECT_EQ(train->labels()[14].item<int64_t>(), 4);
  EXPECT_EQ(train->rows(14, 1)[0][2][31][31].item<float>(), 104.0f / 127.5f - 1);
  EXPECT_EQ(open_data(folder.src(",split=test"))->info().count, 3);
}

TEST(Cifar, RefusesWhatIsNotABatch) {
  const CifarFolder folder;
  const auto path = folder.dir / "data_batch_3.bin";
  std::string wrong_label = batch_file(3);
  wrong_label[3073] = 10;
  for (const auto& bytes : {std::string(), batch_file(3).substr(1), wrong_label}) {
    test::write_bytes(path, bytes);
    const auto error = test::error_of([&] { open_data(folder.src()); });
    ASSERT_TRUE(error);
    EXPECT_EQ(error->code(), ExitCode::kBadFile);
    EXPECT_NE(std::string(error->what()).find("data_batch_3.bin"), std::string::npos) << error->what();
  }
  std::filesystem::remove(path);
  EXPECT_EQ(test::error_of([&] { open_data(folder.src()); })->code(), ExitCode::kIo);
}

TEST(Cifar, SurvivesTwoThousandDamagedFiles) {
  const CifarFolder folder;
  EXPECT_GT(test::open_damaged(batch_file(3), folder.dir / "test_batch.bin", folder.src(",split=test"), 2000), 200);
}

}  // namespace
}  // namespace farfield
