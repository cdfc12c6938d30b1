#include <limits>

#include <gtest/gtest.h>

#include "core/io/npz.h"
#include "tests/core/data/data_files.h"

namespace farfield {
namespace {

TEST(Arrays, BytesBecomeImagesAndFloatsStayAsTheyAre) {
  const test::TempDir dir;
  const auto src = (dir / "a.npy").string();
  const auto colour = torch::arange(2 * 4 * 5 * 3, torch::kUInt8).reshape({2, 4, 5, 3});
  write_npy(src, colour);
  EXPECT_EQ(open_data(src)->info().shape, (std::vector<int64_t>{3, 4, 5}));
  EXPECT_EQ(open_data(src)->rows(1, 1)[0][2][3][4].item<float>(), 119.0f / 127.5f - 1);
  write_npy(src, colour.select(3, 0).contiguous());
  EXPECT_EQ(open_data(src)->info().shape, (std::vector<int64_t>{1, 4, 5}));
  for (const auto dtype : {torch::kFloat64, torch::kFloat32, torch::kFloat16}) {
    write_npy(src, torch::tensor({1.5, -2.0, 3.0, 0.25}).reshape({2, 2}).to(dtype));
    EXPECT_EQ(open_data(src)->rows(0, 2)[1][1].item<float>(), 0.25f);
    EXPECT_EQ(open_data(src)->info().shape, std::vector<int64_t>{2});
  }
}

TEST(Arrays, FloatsWithoutChannelsAreGreyImages) {
  const test::TempDir dir;
  const auto src = (dir / "a.npy").string();
  const auto images = torch::linspace(-1, 1, 60).reshape({3, 4, 5});
  write_npy(src, images);
  EXPECT_EQ(open_data(src)->info().shape, (std::vector<int64_t>{1, 4, 5}));
  EXPECT_TRUE(open_data(src)->rows(0, 3).equal(images.unsqueeze(1)));
  write_npy(src, images.reshape({3, 1, 2, 2, 5}));
  EXPECT_EQ(open_data(src)->info().shape, (std::vector<int64_t>{1, 2, 2, 5}));  // for fits; no network takes it
}

TEST(Arrays, RefuseWhatIsNoDataSet) {
  const test::TempDir dir;
  const auto src = (dir / "a.npy").string();
  const torch::Tensor wrong[] = {torch::zeros({3}),
                                 torch::zeros({2, 2}, torch::kInt64),
                                 torch::zeros({2, 2}, torch::kUInt8),
                                 torch::zeros({2, 4, 4, 2}, torch::kUInt8),
                                 torch::zeros({0, 4}),
                                 torch::full({2, 2}, 1e300, torch::kFloat64),
                                 torch::full({2, 2}, std::numeric_limits<double>::quiet_NaN())};
  for (const auto& array : wrong) {
    write_npy(src, array);
    const auto error = test::error_of([&] { open_data(src); });
    ASSERT_TRUE(error);
    EXPECT_EQ(error->code(), ExitCode::kBadFile) << error->what();
    EXPECT_NE(std::string(error->what()).find("a.npy"), std::string::npos) << error->what();
  }
}

TEST(Arrays, NpzKeysAreFoundOrNamed) {
  const test::TempDir dir;
  const auto src = (dir / "a.npz").string();
  const auto images = torch::ones({3, 2, 2, 1}, torch::kUInt8), x = torch::zeros({3, 1, 2, 2}, torch::kFloat64);
  const auto labels = torch::tensor({2, 0, 1}, torch::kInt64), seeds = torch::tensor({4, 5, 6}, torch::kInt64);
  write_npz(src, {{"images", images}, {"x", x}, {"labels", labels}, {"seeds", seeds}});
  EXPECT_TRUE(open_data(src)->info().eight_bit);
  EXPECT_EQ(open_data(src)->info().label_dim, 3);
  EXPECT_FALSE(open_data(src + ",key=x")->info().eight_bit);
  EXPECT_EQ(open_data(src + ",label-key=seeds")->info().label_dim, 7);
  EXPECT_EQ(open_data(src + ",labels=no")->info().label_dim, 0);
  for (const char* options : {",key=y", ",label-key=classes", ",label-key=x"}) {
    EXPECT_EQ(test::error_of([&] { open_data(src + options); })->code(), ExitCode::kBadFile) << options;
  }
  write_npz(src, {{"points", torch::zeros({3, 2})}});
  EXPECT_EQ(open_data(src)->info().label_dim, 0);
  for (const auto& other : {labels.narrow(0, 0, 2).contiguous(), torch::cat({labels, labels})}) {
    write_npz(src, {{"images", images}, {"labels", other}});
    const auto error = test::error_of([&] { open_data(src); });
    ASSERT_TRUE(error);
    EXPECT_EQ(error->code(), ExitCode::kBadFile) << error->what();
  }
}

TEST(Arrays, SurviveTwoThousandDamagedFilesEach) {
  const test::TempDir dir;
  const auto array = torch::arange(48, torch::kUInt8).reshape({3, 4, 4, 1});
  EXPECT_GT(test::open_damaged(serialize_npy(array), dir / "a.npy", (dir / "a.npy").string(), 2000), 500);
  write_npz(dir / "a.npz", {{"images", array}, {"labels", torch::arange(3, torch::kInt64)}});
  EXPECT_GT(test::open_damaged(test::read_bytes(dir / "a.npz"), dir / "a.npz", (dir / "a.npz").string(), 2000), 500);
}

}  // namespace
}  // namespace farfield
