#include "core/math/eigen.h"

#include "core/math/random.h"
#include "tests/support/normals.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

using torch::Tensor;

using test::normals;

Tensor rebuild(const SymmetricEigen& eigen) { return torch::mm(eigen.vectors * eigen.values, eigen.vectors.t()); }

void expect_orthonormal_and_ordered(const SymmetricEigen& eigen) {
  const auto identity = torch::eye(eigen.vectors.size(1), torch::kFloat64);
  EXPECT_LE(test::deviation(torch::mm(eigen.vectors.t(), eigen.vectors), identity), 1e-13);
  EXPECT_TRUE((eigen.values.slice(0, 1) <= eigen.values.slice(0, 0, -1)).all().item<bool>());
  EXPECT_GE(eigen.values.min().item<double>(), 0);
}

TEST(Eigen, RebuildsACovarianceAlsoASingularOne) {
  for (const int64_t rows : {1, 5, 100}) {
    const auto data = normals({rows, 20}, rows);
    const auto matrix = torch::mm(data.t(), data) / static_cast<double>(rows);
    const auto eigen = covariance_eigen(matrix);
    expect_orthonormal_and_ordered(eigen);
    EXPECT_LE(test::deviation(rebuild(eigen), matrix), 1e-13);
    const auto largest = std::get<0>((eigen.vectors.abs() * 1).max(0));
    EXPECT_TRUE(std::get<0>(eigen.vectors.max(0)).equal(largest)) << "signs are fixed";
  }
}

TEST(Eigen, RefusesWhatIsNoCovariance) {
  auto matrix = torch::eye(4, torch::kFloat64);
  matrix[2][2] = -0.1;
  EXPECT_EQ(test::error_of([&] { covariance_eigen(matrix); })->code(), ExitCode::kNumeric);
  matrix[2][2] = std::numeric_limits<double>::infinity();
  EXPECT_EQ(test::error_of([&] { covariance_eigen(matrix); })->code(), ExitCode::kNumeric);
  matrix[2][2] = -1e-14;
  EXPECT_EQ(covariance_eigen(matrix).values[3].item<double>(), 0);
}

TEST(Eigen, FewRowsInManyDimensionsGiveTheSameAsTheirCovariance) {
  auto rows = normals({9, 30}, 3) * torch::logspace(0, -5, 30, 10, torch::kFloat64);
  rows[4] = rows[5];  // a duplicate lowers the rank
  rows = rows - rows.mean(0);
  const auto eigen = rows_eigen(rows);
  EXPECT_EQ(eigen.values.size(0), 7);
  expect_orthonormal_and_ordered(eigen);
  EXPECT_LE(test::deviation(rebuild(eigen), torch::mm(rows.t(), rows) / 9), 1e-13);
}

TEST(Eigen, EqualRowsHaveNoEigenpairs) {
  const auto eigen = rows_eigen(torch::zeros({3, 8}, torch::kFloat64));
  EXPECT_EQ(eigen.values.size(0), 0);
  EXPECT_EQ(eigen.vectors.size(0), 8);
  EXPECT_EQ(eigen.vectors.size(1), 0);
}

}  // namespace
}  // namespace farfield
