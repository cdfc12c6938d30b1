#include <c10/util/accumulate.h>

#include <gtest/gtest.h>

#include "core/io/image.h"
#include "core/io/npz.h"
#include "tests/core/data/data_files.h"

namespace farfield {
namespace {

using Shape = std::vector<int64_t>;

// An array in a file, opened with options.
struct ArrayFile {
  test::TempDir dir;
  std::string src = (dir / "a.npy").string();
  explicit ArrayFile(const torch::Tensor& array) { write_npy(src, array); }
  std::shared_ptr<const DataSource> open(const std::string& options = "") const { return open_data(src + options); }
  torch::Tensor rows(const std::string& options) const {
    const auto data = open(options);
    return data->rows(0, data->info().count);
  }
};

torch::Tensor bytes(Shape shape) {
  return torch::arange(c10::multiply_integers(shape)).mul_(37).remainder_(256).to(torch::kUInt8).reshape(shape);
}

TEST(Conversion, RangesBecomeWhatBytesWouldBe) {
  const auto images = bytes({3, 1, 8, 8});
  const ArrayFile as_bytes(images.squeeze(1)), as_floats(images.to(torch::kFloat32)),
      as_units(images.to(torch::kFloat64) / 255);
  const auto expected = as_bytes.rows("");
  EXPECT_TRUE(as_floats.rows(",range=0..255").equal(expected));
  EXPECT_LT(test::deviation(as_units.rows(",range=0..1"), expected), 1e-6);
  EXPECT_TRUE(as_floats.rows(",range=keep").equal(images.to(torch::kFloat32)));
  EXPECT_TRUE(as_floats.rows("").equal(images.to(torch::kFloat32)));
  EXPECT_EQ(as_floats.open(",range=0..255")->info().notes.conversions,
            std::vector<std::string>{"range=0..255: mapped to [-1, 1]"});
  EXPECT_TRUE(as_floats.open(",range=keep")->info().notes.conversions.empty());
}

TEST(Conversion, ValuesBeyondFloat32AreNamedAsSuch) {
  const auto error = test::error_of([] { ArrayFile(torch::full({3, 1, 8, 8}, 1e300, torch::kFloat64)).open(""); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ExitCode::kBadFile);
  EXPECT_NE(std::string(error->what()).find("beyond float32"), std::string::npos) << error->what();
}

TEST(Conversion, WholeNumbersAreTakenWithTheirRange) {
  const auto images = bytes({3, 4, 8});
  const auto expected = ArrayFile(images).rows("");
  for (const auto dtype :
       {torch::kInt16, torch::kInt32, torch::kInt64, torch::kUInt16, torch::kUInt32, torch::kUInt64}) {
    const ArrayFile file(images.to(dtype));
    EXPECT_TRUE(file.rows(",range=0..255").equal(expected)) << dtype;
    const auto error = test::error_of([&] { file.open(); });
    ASSERT_TRUE(error);
    EXPECT_NE(std::string(error->what()).find("range=LOW..HIGH takes whole numbers"), std::string::npos)
        << error->what();
  }
}

TEST(Conversion, LayoutsOfAnyNumberOfChannels) {
  for (const int64_t channels : {1, 2, 3, 4, 7}) {
    const auto first = bytes({5, channels, 8, 6}), last = first.permute({0, 2, 3, 1}).contiguous();
    const auto values = first.to(torch::kFloat32);
    EXPECT_TRUE(ArrayFile(last).rows(",layout=nhwc").equal(values / 127.5f - 1));
    EXPECT_TRUE(ArrayFile(first).rows(",layout=nchw").equal(values / 127.5f - 1));
    EXPECT_TRUE(ArrayFile(last.to(torch::kFloat64)).rows(",layout=nhwc").equal(values));
    EXPECT_TRUE(ArrayFile(values).rows(",layout=nchw").equal(values));
    EXPECT_TRUE(ArrayFile(values).rows("").equal(values));
  }
}

TEST(Conversion, CropsTheCentreAndResizesWithTheAreaFilter) {
  const auto images = bytes({4, 6, 8});
  const ArrayFile file(images);
  const auto whole = file.rows("");
  EXPECT_TRUE(file.rows(",crop=square").equal(whole.narrow(3, 1, 6)));
  EXPECT_TRUE(file.rows(",crop=4").equal(whole.narrow(2, 1, 4).narrow(3, 2, 4)));
  EXPECT_TRUE(file.rows(",crop=2x8").equal(whole.narrow(2, 2, 2)));
  EXPECT_TRUE(file.rows(",resize=6x8").equal(whole));
  const auto means = torch::avg_pool2d(images.to(torch::kFloat32).unsqueeze(1), 2);
  EXPECT_LE((file.rows(",resize=3x4").add(1).mul(127.5) - means).abs().max().item<double>(), 0.51);
  const ArrayFile floats(images.to(torch::kFloat32));
  EXPECT_LT(test::deviation(floats.rows(",range=keep,resize=3x4"), means), 1e-6);
  EXPECT_EQ(file.open(",resize=12x4")->info().shape, (Shape{1, 12, 4}));
  const ArrayFile flat(torch::full({2, 5, 7}, 77, torch::kUInt8));
  EXPECT_TRUE(flat.rows(",resize=9").eq(77 / 127.5f - 1).all().item<bool>());
  // crop before resize, whatever the order of the options
  EXPECT_TRUE(file.rows(",resize=3,crop=square").equal(file.rows(",crop=square,resize=3")));
  EXPECT_EQ(file.open(",resize=3,crop=square")->info().notes.conversions.size(), 2u);
}

TEST(Conversion, ColoursBecomeGreyAndGreyBecomesColours) {
  const auto images = bytes({3, 4, 5, 3});
  const ArrayFile colour(images), grey(images.select(3, 0).contiguous());
  const auto values = images.to(torch::kFloat64);
  const auto luma = values.select(3, 0) * 0.299 + values.select(3, 1) * 0.587 + values.select(3, 2) * 0.114;
  EXPECT_LE((colour.rows(",channels=grey").squeeze(1).add(1).mul(127.5) - luma).abs().max().item<double>(), 0.6);
  EXPECT_TRUE(grey.rows(",channels=grey").equal(grey.rows("")));
  EXPECT_TRUE(colour.rows(",channels=rgb").equal(colour.rows("")));
  EXPECT_TRUE(grey.rows(",channels=rgb").equal(grey.rows("").expand({-1, 3, -1, -1})));
  EXPECT_EQ(open_data("glyphs,count=3,channels=rgb,resize=8x24")->info().shape, (Shape{3, 8, 24}));
}

TEST(Conversion, PicturesOfDifferentSizesAndColoursBecomeAlike) {
  const test::TempDir dir;
  write_png(dir / "a.png", bytes({8, 12, 3}));
  write_png(dir / "b.png", bytes({9, 7, 1}));
  write_png(dir / "c.png", bytes({4, 4, 3}));
  const std::string src = dir.path().string();
  const auto error = test::error_of([&] { open_data(src); });
  ASSERT_TRUE(error);
  EXPECT_NE(std::string(error->what()).find("resize= make them alike"), std::string::npos) << error->what();
  const auto data = open_data(src + ",channels=grey,crop=square,resize=4");
  EXPECT_EQ(data->info().shape, (Shape{1, 4, 4}));
  EXPECT_EQ(data->info().count, 3);
  EXPECT_EQ(data->info().notes.conversions.size(), 3u);
  EXPECT_EQ(open_data(src + ",channels=rgb,crop=5x4,skip-bad=yes")->info().count, 2);
}

TEST(Conversion, OptionsThatDoNotApplyAreRefused) {
  const ArrayFile grey(bytes({3, 4, 5})), floats(bytes({3, 2, 4, 5}).to(torch::kFloat32)), points(torch::ones({3, 4}));
  struct Row {
    std::string src, fragment;
    ExitCode code = ExitCode::kUsage;
  };
  const std::vector<Row> rows = {
      {grey.src + ",layout=nchw", "layout applies to arrays of 4 dimensions"},
      {grey.src + ",range=0..1", "range applies to floating point arrays"},
      {floats.src + ",range=0..1", "outside of range=0..1"},
      {floats.src + ",range=1", "expected LOW..HIGH"},
      {floats.src + ",range=5..5", "finite numbers that rise"},
      {floats.src + ",range=0..inf", "finite numbers that rise"},
      {floats.src + ",range=-1e308..1e308", "finite numbers that rise"},
      {floats.src + ",layout=hwc", "known: nchw, nhwc"},
      {floats.src + ",channels=grey", "pictures of 1 or 3 channels, got 2", ExitCode::kBadFile},
      {grey.src + ",crop=5", "expected at least 5 x 5", ExitCode::kBadFile},
      {grey.src + ",crop=circle", "not a whole number"},
      {grey.src + ",resize=0", "sides from 1 to 4096"},
      {grey.src + ",resize=4x4097", "sides from 1 to 4096"},
      {grey.src + ",resize=9223372036854775808", "not a whole number"},
      {grey.src + ",resize=4x", "not a whole number"},
      {grey.src + ",channels=blue", "known: grey, rgb"},
      {points.src + ",resize=4", "apply to images"},
      {"moons,resize=4", "unknown option 'resize'"},
      {"glyphs,size=8,count=5000,resize=4096", "use first=N"},
  };
  for (const auto& row : rows) {
    const auto error = test::error_of([&] { open_data(row.src); });
    ASSERT_TRUE(error) << row.src;
    EXPECT_EQ(error->code(), row.code) << error->what();
    EXPECT_NE(std::string(error->what()).find(row.fragment), std::string::npos) << error->what();
  }
}

}  // namespace
}  // namespace farfield
