#include "core/math/moments.h"

#include "core/math/random.h"
#include "tests/support/normals.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

using torch::Tensor;

using test::normals;

Tensor plain_covariance(const Tensor& rows) {
  const auto centred = rows - rows.mean(0);
  return torch::mm(centred.t(), centred) / static_cast<double>(rows.size(0));
}

Moments moments_of(const Tensor& rows, int64_t block) {
  Moments moments(rows.size(1));
  for (const auto& part : rows.split(block)) moments.add(part);
  return moments;
}

TEST(Moments, BlocksOfAnySizeGiveTheMomentsOfAll) {
  for (const int64_t dim : {1, 5, 511, 513, 1100}) {
    const auto rows = normals({97, dim}, dim) * 3 + 1;
    for (const int64_t block : {1, 10, 97}) {
      const auto moments = moments_of(rows, block);
      EXPECT_EQ(moments.count(), 97);
      EXPECT_LE(test::deviation(moments.mean(), rows.mean(0)), 1e-13) << dim << " " << block;
      EXPECT_LE(test::deviation(moments.covariance(), plain_covariance(rows)), 1e-12) << dim << " " << block;
    }
  }
}

TEST(Moments, ALargeCommonOffsetCostsNoDigits) {
  const auto rows = normals({400, 6}, 1);
  const auto moments = moments_of(rows + 1e6, 64);
  EXPECT_LE(test::deviation(moments.covariance(), plain_covariance(rows)), 1e-9);
}

TEST(Moments, MergingIsSeeingAll) {
  const auto rows = normals({300, 7}, 2) + 5;
  auto merged = moments_of(rows.narrow(0, 0, 100), 33);
  merged.merge(Moments(7));
  auto rest = Moments(7);
  rest.merge(moments_of(rows.narrow(0, 100, 200), 50));
  merged.merge(rest);
  EXPECT_EQ(merged.count(), 300);
  EXPECT_LE(test::deviation(merged.mean(), rows.mean(0)), 1e-13);
  EXPECT_LE(test::deviation(merged.covariance(), plain_covariance(rows)), 1e-12);
  // Merging must leave the other as it was, and what came first must not share storage with it.
  EXPECT_LE(test::deviation(rest.mean(), rows.narrow(0, 100, 200).mean(0)), 1e-13);
}

TEST(Moments, PartsOfOneShiftAndStatesThatTravelledMergeToo) {
  const auto rows = normals({300, 7}, 3) + 5;
  const auto shift = rows.narrow(0, 0, 20).mean(0);
  Moments merged(7);
  for (const auto& part : rows.split(90)) {
    Moments own(shift, 0);
    own.add(part);
    std::vector<Tensor> copies;
    for (const auto& tensor : own.state()) copies.push_back(tensor.clone());
    merged.merge(Moments::from_state(copies));
  }
  EXPECT_EQ(merged.count(), 300);
  EXPECT_LE(test::deviation(merged.mean(), rows.mean(0)), 1e-13);
  EXPECT_LE(test::deviation(merged.covariance(), plain_covariance(rows)), 1e-12);
}

TEST(Moments, ConstantPixelsHaveNoVarianceAtAll) {
  auto rows = normals({100, 3}, 3).to(torch::kFloat32);
  rows.select(1, 1).fill_(-1 / 3.0);
  const auto covariance = moments_of(rows, 40).covariance();
  EXPECT_EQ(covariance.select(0, 1).abs().max().item<double>(), 0);
  EXPECT_TRUE(covariance.equal(covariance.t()));
}

TEST(Moments, ValuesThatAreNotFiniteAreAnErrorNamingTheRows) {
  auto rows = normals({10, 2}, 4);
  Moments moments(2);
  moments.add(rows);
  rows[3][1] = std::numeric_limits<double>::quiet_NaN();
  const auto error = test::error_of([&] { moments.add(rows); });
  EXPECT_EQ(error->code(), ExitCode::kNumeric);
  EXPECT_NE(std::string(error->what()).find("rows 10 to 19"), std::string::npos) << error->what();
  Moments part(torch::zeros({2}, torch::kFloat64), 100);
  EXPECT_NE(std::string(test::error_of([&] { part.add(rows); })->what()).find("rows 100 to 109"), std::string::npos);
}

}  // namespace
}  // namespace farfield
