#include <gtest/gtest.h>
#include <zlib.h>

#include "tests/core/data/data_files.h"

namespace farfield {
namespace {

constexpr const char* kImages = "train-images-idx3-ubyte";
constexpr const char* kLabels = "train-labels-idx1-ubyte";

std::string images_file(uint32_t count, uint32_t rows, uint32_t columns) {
  std::string bytes = test::big_endian(0x803) + test::big_endian(count) + test::big_endian(rows) +
                      test::big_endian(columns);
  for (uint32_t i = 0; i < count * rows * columns; ++i) bytes += static_cast<char>(i % 251);
  return bytes;
}

std::string labels_file(uint32_t count) {
  std::string bytes = test::big_endian(0x801) + test::big_endian(count);
  for (uint32_t i = 0; i < count; ++i) bytes += static_cast<char>(i % 4);
  return bytes;
}

std::string gzipped(const std::string& bytes) {
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY);
  std::string packed(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

struct IdxFolder {
  test::TempDir dir;
  IdxFolder() {
    test::write_bytes(dir / kImages, images_file(8, 5, 3));
    test::write_bytes(dir / kLabels, labels_file(8));
  }
  std::string src(const std::string& options = "") const { return "mnist:" + dir.path().string() + options; }
};

TEST(Idx, ReadsPlainAndGzippedFilesAlike) {
  const IdxFolder folder;
  const auto plain = open_data(folder.src());
  EXPECT_EQ(plain->info().shape, (std::vector<int64_t>{1, 5, 3}));
  EXPECT_EQ(plain->info().count, 8);
  EXPECT_EQ(plain->info().label_dim, 4);
  EXPECT_EQ(plain->labels()[6].item<int64_t>(), 2);
  EXPECT_EQ(plain->rows(1, 1)[0][0][0][0].item<float>(), 15.0f / 127.5f - 1);
  const test::TempDir packed;
  test::write_bytes(packed / (std::string(kImages) + ".gz"), gzipped(images_file(8, 5, 3)));
  test::write_bytes(packed / (std::string(kLabels) + ".gz"), gzipped(labels_file(8)));
  EXPECT_EQ(open_data("mnist:" + packed.path().string())->info().fingerprint, plain->info().fingerprint);
}

TEST(Idx, PadsWithBackgroundOnAllSides) {
  const IdxFolder folder;
  const auto plain = open_data(folder.src())->rows(0, 8), padded = open_data(folder.src(",pad=9"))->rows(0, 8);
  EXPECT_EQ(padded.sizes(), (std::vector<int64_t>{8, 1, 9, 9}));
  EXPECT_TRUE(torch::equal(padded.narrow(2, 2, 5).narrow(3, 3, 3), plain));
  EXPECT_EQ((padded + 1).sum().item<float>(), (plain + 1).sum().item<float>());
  EXPECT_EQ(test::error_of([&] { open_data(folder.src(",pad=4")); })->code(), ExitCode::kUsage);
}

TEST(Idx, SaysWhichFileIsMissingAndNeedsNoLabelsWhenNoneAreWanted) {
  const IdxFolder folder;
  EXPECT_EQ(test::error_of([&] { open_data(folder.src(",split=test")); })->code(), ExitCode::kIo);
  std::filesystem::remove(folder.dir / kLabels);
  EXPECT_EQ(test::error_of([&] { open_data(folder.src()); })->code(), ExitCode::kIo);
  EXPECT_EQ(open_data(folder.src(",labels=no"))->info().count, 8);
}

TEST(Idx, RefusesHeadersThatLie) {
  const IdxFolder folder;
  const auto header = [](uint32_t magic, uint32_t a, uint32_t b, uint32_t c) {
    return test::big_endian(magic) + test::big_endian(a) + test::big_endian(b) + test::big_endian(c);
  };
  const std::string pixels(120, 'x');
  const std::pair<std::string, const char*> cases[] = {
      {"", "cut short"},
      {"abc", "cut short"},
      {header(0x801, 8, 5, 3) + pixels, "magic number 0x801"},
      {header(0x803 << 8, 8, 5, 3) + pixels, "magic number"},
      {header(0xd03, 8, 5, 3) + pixels, "magic number"},
      {header(0x803, 0, 5, 3), "dimension 0"},
      {header(0x803, 8, 5, 0), "dimension 2"},
      {header(0x803, 0xffffffff, 0xffffffff, 0xffffffff) + pixels, "dimension 1"},
      {header(0x803, 0x10000, 0x1000, 0x100) + pixels, "promises"},
      {header(0x803, 9, 5, 3) + pixels, "promises"},
      {header(0x803, 7, 5, 3) + pixels, "behind the expected end"},
      {gzipped(header(0x803, 7, 5, 3) + pixels), "behind the expected end"},
      {gzipped(header(0x803, 9, 5, 3) + pixels), "cut short"},
      {gzipped(header(0x803, 8, 5, 3) + pixels).substr(0, 20), "ends too early"},
      {gzipped(header(0x803, 8, 5, 3) + pixels) + "tail", "behind the expected end"},
      {gzipped(header(0x803, 0x10000, 0x1000, 0x100)), "promises"},
      {"\x1f\x8bnonsense behind the magic number", "damaged gzip"},
  };
  for (const auto& [bytes, expected] : cases) {
    test::write_bytes(folder.dir / kImages, bytes);
    const auto error = test::error_of([&] { open_data(folder.src()); });
    ASSERT_TRUE(error) << expected;
    EXPECT_EQ(error->code(), ExitCode::kBadFile) << error->what();
    EXPECT_NE(std::string(error->what()).find(expected), std::string::npos) << error->what() << " wanted " << expected;
    EXPECT_NE(std::string(error->what()).find(kImages), std::string::npos) << error->what();
  }
}

TEST(Idx, RefusesAWrongChecksumAndOtherNumbersOfLabels) {
  const IdxFolder folder;
  test::write_bytes(folder.dir / kLabels, labels_file(7));
  EXPECT_EQ(test::error_of([&] { open_data(folder.src()); })->code(), ExitCode::kBadFile);
  std::string packed = gzipped(labels_file(8));
  packed[packed.size() - 6] ^= 1;
  test::write_bytes(folder.dir / kLabels, packed);
  EXPECT_EQ(test::error_of([&] { open_data(folder.src()); })->code(), ExitCode::kBadFile);
}

TEST(Idx, SurvivesTwoThousandDamagedFilesEach) {
  const IdxFolder folder;
  EXPECT_GT(test::open_damaged(images_file(8, 5, 3), folder.dir / kImages, folder.src(), 2000), 1000);
  EXPECT_GT(test::open_damaged(gzipped(images_file(8, 5, 3)), folder.dir / kImages, folder.src(), 2000), 1000);
}

// The facts of the README beside the data.
TEST(Idx, MnistIsWhatItShouldBe) {
  const auto data = test::data_dir();
  if (!data) GTEST_SKIP() << "no data folder: set FARFIELD_DATA";
  const std::string src = "mnist:" + (*data / "mnist").string();
  struct Facts {
    std::string options;
    double mean, std;
    std::vector<int64_t> counts, first;
  };
  const Facts cases[] = {
      {"",
       0.130660,
       0.308108,
       {5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949},
       {5, 0, 4, 1, 9, 2, 1, 3, 1, 4}},
      {",split=test",
       0.132515,
       0.310480,
       {980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009},
       {7, 2, 1, 0, 4, 1, 4, 9, 5, 9}},
  };
  for (const auto& facts : cases) {
    const auto mnist = open_data(src + facts.options);
    EXPECT_EQ(mnist->info().shape, (std::vector<int64_t>{1, 28, 28}));
    const auto x = (mnist->rows(0, mnist->info().count).to(torch::kFloat64) + 1) / 2;
    EXPECT_NEAR(x.mean().item<double>(), facts.mean, 1e-6);
    EXPECT_NEAR(x.std(false).item<double>(), facts.std, 1e-6);
    EXPECT_TRUE(torch::equal(mnist->labels().bincount(), torch::tensor(facts.counts, torch::kInt64)));
    EXPECT_TRUE(torch::equal(mnist->labels().narrow(0, 0, 10), torch::tensor(facts.first, torch::kInt64)));
  }
}

}  // namespace
}  // namespace farfield
