#include <unistd.h>

#include <gtest/gtest.h>

#include "core/io/file.h"
#include "tests/core/data/picture_sets.h"

namespace farfield {
namespace {

namespace fs = std::filesystem;
using test::Files, test::fill_folder, test::picture, test::zip_of;

// Three pictures, listed out of order, and their labels.
Files three() {
  return {{"00000/img00000001.png", picture(10)},
          {"00000/img00000000.png", picture(0)},
          {"00001/img00000002.PNG", picture(20)},
          {"dataset.json", R"({"labels": [["00001/img00000002.PNG", 4], ["00000/img00000000.png", 0],
                                          ["00000/img00000001.png", 3]]})"}};
}

class Images : public test::ZipAndFolder {};

TEST_P(Images, AreReadInTheOrderOfTheirNamesWithTheirLabels) {
  const auto src = write(three());
  const auto data = open_data(src);
  EXPECT_EQ(data->info().shape, (std::vector<int64_t>{3, 4, 4}));
  EXPECT_EQ(data->info().label_dim, 5);
  EXPECT_TRUE(torch::equal(data->labels(), torch::tensor({0, 3, 4}, torch::kInt64)));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(data->rows(i, 1)[0][2][3][1].item<float>(), 10.0f * i / 127.5f - 1);
  EXPECT_EQ(open_data(src + ",labels=no")->info().label_dim, 0);
  EXPECT_EQ(open_data(src + ",first=1")->info().label_dim, 5);
  EXPECT_EQ(open_data(src + ",first=1")->info().count, 1);
}

TEST_P(Images, NeedNoLabels) {
  auto files = three();
  files.back().second = R"({"labels": null})";
  EXPECT_EQ(open_data(write(files))->info().label_dim, 0);
  files.pop_back();
  EXPECT_EQ(open_data(write(files))->info().label_dim, 0);
}

TEST_P(Images, BadOnesStopTheReadingOrAreLeftOut) {
  for (const auto& bad :
       {std::string("no picture"), std::string(), picture(10).substr(0, 60), picture(1, 4, 5), picture(1, 4, 4, 1)}) {
    auto files = three();
    files[0].second = bad;
    const auto src = write(files);
    const auto error = test::error_of([&] { open_data(src); });
    ASSERT_TRUE(error);
    EXPECT_EQ(error->code(), ExitCode::kBadFile);
    EXPECT_NE(std::string(error->what()).find("img00000001.png"), std::string::npos) << error->what();
    const auto rest = open_data(src + ",skip-bad=yes");
    EXPECT_TRUE(torch::equal(rest->labels(), torch::tensor({0, 4}, torch::kInt64)));
    EXPECT_EQ(rest->rows(1, 1)[0][0][0][0].item<float>(), 20.0f / 127.5f - 1);
  }
}

// A folder's picture that is there and cannot be opened: no fault of the data's.
TEST(ImageFolder, APictureThatCannotBeOpenedIsAnIoError) {
  const test::TempDir folder;
  write_file_atomically(folder / "0.png", picture(1));
  write_file_atomically(folder / "1.png", picture(2));
  fs::permissions(folder / "1.png", fs::perms::none);
  EXPECT_EXIT(
      {
        constexpr uid_t kNobody = 65534;
        fs::permissions(folder.path(), fs::perms::all);
        if (::geteuid() == 0 && (::setgid(kNobody) != 0 || ::setuid(kNobody) != 0)) std::_Exit(1);
        const auto error = test::error_of([&] { open_data(folder.path().string()); });
        if (!error || error->code() != ExitCode::kIo) std::_Exit(2);
        std::_Exit(open_data(folder.path().string() + ",skip-bad=yes")->info().count == 1 ? 0 : 3);
      },
      testing::ExitedWithCode(0), "");
}

TEST_P(Images, FirstOneMayBeBadAndAllBadIsAnError) {
  auto files = three();
  files[1].second = "no picture";
  EXPECT_EQ(open_data(write(files) + ",skip-bad=yes")->info().count, 2);
  files[0].second = files[2].second = "nor this";
  EXPECT_EQ(test::error_of([&] { open_data(write(files) + ",skip-bad=yes"); })->code(), ExitCode::kBadFile);
}

TEST_P(Images, NoneAtAllIsAnError) {
  EXPECT_EQ(test::error_of([&] { open_data(write({{"readme.txt", "hello"}})); })->code(), ExitCode::kBadFile);
}

INSTANTIATE_TEST_SUITE_P(ZipAndFolder, Images, testing::Bool(), test::zip_or_folder);

TEST(ImageFiles, SurviveTwoThousandDamagedFilesEach) {
  const test::TempDir dir;
  const std::string zip = zip_of(three()), png = picture(7), json = three().back().second;
  EXPECT_GT(test::open_damaged(zip, dir / "a.zip", (dir / "a.zip").string(), 2000), 1000);
  fill_folder(dir / "folder", three());
  const auto folder = (dir / "folder").string();
  EXPECT_GT(test::open_damaged(png, dir / "folder" / "00000" / "img00000000.png", folder, 2000), 1000);
  EXPECT_GT(test::open_damaged(json, dir / "folder" / "dataset.json", folder, 2000), 1000);
}

TEST(ImageFiles, CifarZipIsDecodedAsThePythonDecoderDoes) {
  const auto folder = test::data_dir();
  if (!folder) GTEST_SKIP() << "no data folder: set FARFIELD_DATA";
  const auto cifar = *folder / "cifar10";
  const auto data = open_data((cifar / "cifar10-32x32.zip").string() + ",first=64");
  EXPECT_EQ(data->info().shape, (std::vector<int64_t>{3, 32, 32}));
  EXPECT_EQ(data->info().label_dim, 10);
  EXPECT_TRUE(torch::equal(data->labels().narrow(0, 0, 20),
                           torch::tensor({4, 5, 8, 3, 9, 2, 1, 0, 7, 6, 0, 6, 5, 4, 7, 2, 3, 8, 9, 1}, torch::kInt64)));
  const auto expected = open_data((cifar / "cifar10-32x32-first64-decoded.npy").string());
  const auto apart = (data->rows(0, 64) - expected->rows(0, 64)).abs() * 127.5;
  EXPECT_LT(apart.mean().item<double>(), 0.5);
  EXPECT_LE(apart.max().item<double>(), 8.5);  // chroma upsampling and IDCT differ between decoders
}

}  // namespace
}  // namespace farfield
