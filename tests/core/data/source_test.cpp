#include "core/data/source.h"

#include <limits>

#include <gtest/gtest.h>

#include "tests/support/test_support.h"

namespace farfield {
namespace {

TEST(DataSource, MapsBytesAsEdmDoes) {
  const auto bytes = torch::arange(256, torch::kUInt8).reshape({2, 2, 8, 8});
  const DataSource source("ramp", bytes, {}, 0);
  const auto expected = bytes.to(torch::kFloat32) / 127.5 - 1;
  EXPECT_TRUE(torch::equal(source.rows(0, 2), expected));
  EXPECT_EQ(source.info().shape, (std::vector<int64_t>{2, 8, 8}));
  EXPECT_EQ(source.info().label_dim, 0);
  EXPECT_FALSE(source.labels().defined());
  EXPECT_FALSE(source.one_hot(torch::tensor({0})).defined());
}

TEST(DataSource, RowsComeByRangeOrIndexOnManyThreadsToo) {
  const auto samples = torch::arange(6'000'000, torch::kFloat32).reshape({2000, 3, 1000});
  const DataSource source("ramp", samples, {}, 0);
  EXPECT_TRUE(torch::equal(source.rows(0, 2000), samples));
  const auto index = torch::tensor({1999, 0, 7, 7}, torch::kInt64);
  EXPECT_TRUE(torch::equal(source.rows(index), samples.index_select(0, index)));
  EXPECT_EQ(source.rows(5, 0).sizes(), (std::vector<int64_t>{0, 3, 1000}));
  EXPECT_TRUE(test::error_of([&] { source.rows(1999, 2); }));
  EXPECT_TRUE(test::error_of([&] { source.rows(torch::tensor({-1})); }));
}

TEST(DataSource, NamesTheFirstSampleThatIsNotFinite) {
  auto samples = torch::zeros({5, 3}, torch::kFloat32);
  samples[3][1] = std::numeric_limits<float>::quiet_NaN();
  const auto error = test::error_of([&] { DataSource("points.npy", samples, {}, 0); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ExitCode::kBadFile);
  EXPECT_NE(std::string(error->what()).find("points.npy: sample 3"), std::string::npos) << error->what();
}

TEST(DataSource, RefusesLabelsAndShapesThatDoNotFit) {
  const auto samples = torch::zeros({4, 3}, torch::kFloat32);
  EXPECT_TRUE(test::error_of([&] { DataSource("few", samples, torch::zeros({3}, torch::kInt64), 2); }));
  EXPECT_TRUE(test::error_of([&] { DataSource("high", samples, torch::full({4}, 2, torch::kInt64), 2); }));
  EXPECT_TRUE(test::error_of([&] { DataSource("low", samples, torch::full({4}, -1, torch::kInt64), 2); }));
  EXPECT_TRUE(test::error_of([&] { DataSource("empty", torch::zeros({0, 3}), {}, 0); }));
  EXPECT_TRUE(test::error_of([&] { DataSource("flat", torch::zeros({4, 3}, torch::kUInt8), {}, 0); }));
}

TEST(DataSource, FingerprintSeesBytesLabelsAndShapeButNotTheName) {
  const auto samples = torch::arange(24, torch::kFloat32);
  const auto labels = torch::tensor({0, 1}, torch::kInt64);
  const auto print = [](const char* name, const torch::Tensor& x, const torch::Tensor& y) {
    return DataSource(name, x, y, 2).info().fingerprint;
  };
  const std::string reference = print("a", samples.reshape({2, 12}), labels);
  EXPECT_EQ(reference.size(), 64u);
  EXPECT_EQ(reference, print("b", samples.reshape({2, 12}), labels));
  EXPECT_NE(reference, print("a", samples.reshape({2, 3, 4}), labels));
  EXPECT_NE(reference, print("a", samples.reshape({2, 12}) + 1, labels));
  EXPECT_NE(reference, print("a", samples.reshape({2, 12}), labels.flip(0)));
  EXPECT_NE(reference, print("a", samples.reshape({2, 12}), {}));
}

}  // namespace
}  // namespace farfield
