// The small numerical parts of the measures.
#include <cmath>

#include <gtest/gtest.h>
#include <torch/types.h>

#include "analysis/geometry/gram_product.h"
#include "analysis/geometry/leading_eigen.h"
#include "analysis/geometry/three_point.h"
#include "analysis/geometry/tile.h"
#include "analysis/geometry/view_alignment.h"
#include "tests/support/thread_count.h"

namespace farfield {
namespace {

using torch::Tensor;

std::vector<double> numbers_of(const Tensor& matrix) {
  const Tensor plain = matrix.contiguous();
  return {plain.const_data_ptr<double>(), plain.const_data_ptr<double>() + plain.numel()};
}

Tensor normal(std::vector<int64_t> shape, uint64_t seed) {
  torch::manual_seed(seed);
  return torch::randn(shape, torch::kFloat64);
}

TEST(ThreePoint, IsExactForParabolasAnywhere) {
  const std::vector<double> t = {80, 31, 7, 6.5, 0.2};
  const auto rules = three_point_rules(t);
  for (size_t n = 0; n < t.size(); ++n) {
    double slope = 0;
    for (int64_t j = 0; j < 3; ++j) {
      const double at = t[rules[n].first + j];
      slope += rules[n].weights[j] * (3 * at * at - 5 * at + 2);
    }
    EXPECT_NEAR(slope, 6 * t[n] - 5, 1e-11) << n;
  }
}

// Against LAPACK: eigenvalues, what the vectors do, and that they are orthonormal.
void expect_eigen(const Tensor& matrix, int64_t wanted) {
  const int64_t n = matrix.size(0);
  const LeadingEigen leading = leading_eigen(numbers_of(matrix), n, wanted);
  const Tensor all = std::get<0>(at::linalg_eigh(matrix)).flip(0);
  const double largest = all[0].item<double>();
  const auto found = static_cast<int64_t>(leading.values.size());
  for (int64_t k = 0; k < std::min(wanted, n); ++k) {
    EXPECT_NEAR(k < found ? leading.values[k] : 0, all[k].item<double>(), 1e-13 * static_cast<double>(n) * largest)
        << n;
  }
  if (found == 0) return;
  const Tensor vectors = torch::tensor(leading.vectors, torch::kFloat64).view({found, n});
  EXPECT_LE((vectors.matmul(vectors.t()) - torch::eye(found, torch::kFloat64)).abs().max().item<double>(), 1e-12);
  const Tensor rest = vectors.matmul(matrix) -
                      torch::tensor(leading.values, torch::kFloat64).view({found, 1}) * vectors;
  EXPECT_LE(rest.abs().max().item<double>(), 1e-13 * static_cast<double>(n) * largest);
}

TEST(LeadingEigen, IsThatOfLapack) {
  const test::ThreadCount one(1);
  for (const int64_t n : {1, 2, 3, 7, 16, 17, 101, 250}) {
    for (const int64_t rank : {int64_t{1}, int64_t{2}, n, 3 * n}) {
      const Tensor rows = normal({n, rank}, 10 * n + rank) * torch::logspace(0, -5, rank, 10, torch::kFloat64);
      expect_eigen(rows.matmul(rows.t()), 5);
    }
  }
}

TEST(LeadingEigen, OfEqualEigenvaluesIsABasis) {
  expect_eigen(torch::eye(9, torch::kFloat64) * 3, 5);
  const Tensor basis = std::get<0>(at::linalg_qr(normal({12, 12}, 5)));
  const Tensor values = torch::tensor({5., 5., 5., 2., 2., 1., 0., 0., 0., 0., 0., 0.}, torch::kFloat64);
  expect_eigen((basis * values).matmul(basis.t()), 5);
  // Blocks that have nothing to do with each other.
  Tensor blocks = torch::zeros({6, 6}, torch::kFloat64);
  for (const int64_t first : {0, 3}) {
    const Tensor rows = normal({3, 3}, 7);
    blocks.slice(0, first, first + 3).slice(1, first, first + 3).copy_(rows.matmul(rows.t()));
  }
  expect_eigen(blocks, 5);
}

TEST(LeadingEigen, OfNothingIsEmpty) {
  EXPECT_TRUE(leading_eigen(std::vector<double>(16), 4, 5).values.empty());
  const LeadingEigen one = leading_eigen({4}, 1, 5);
  EXPECT_EQ(one.values, std::vector<double>{4});
  EXPECT_EQ(std::fabs(one.vectors[0]), 1);
}

TEST(GramProduct, IsTheProductOfRows) {
  const int64_t rows = 8, columns = 300;  // two tiles, the second not whole
  const Tensor numbers = normal({rows, 1, columns}, 3);
  Tile tile(rows);
  std::vector<double> products(rows * rows);
  for (int64_t first = 0; first < columns; first += Tile::kColumns) {
    tile.load(trajectory_rows(numbers, 0), first);
    add_gram_products(tile, rows, products);
  }
  const Tensor expected = numbers.select(1, 0).matmul(numbers.select(1, 0).t());
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j <= i; ++j)
      EXPECT_NEAR(products[i * rows + j], expected[i][j].item<double>(), 1e-11) << i << " " << j;
  }
}

TEST(ViewAlignment, TurnsAndMirrorsOntoTheFirst) {
  const Tensor first = normal({1, 20, 2}, 1);
  const double c = std::cos(2.0), s = std::sin(2.0);
  const Tensor turned = first.matmul(torch::tensor({{c, -s}, {s, c}}, torch::kFloat64));
  const Tensor mirrored = first.matmul(torch::tensor({{c, s}, {s, -c}}, torch::kFloat64));
  const Tensor aligned = aligned_curves(torch::cat({first, turned, mirrored, first}));
  for (int64_t i = 1; i < 4; ++i) EXPECT_LE((aligned[i] - aligned[0]).abs().max().item<double>(), 1e-12) << i;
  for (int64_t k = 0; k < 2; ++k) {
    const Tensor values = aligned[0].select(1, k);
    EXPECT_GT(values[values.abs().argmax()].item<double>(), 0);
  }
}

// The least sum of squares over all rotations and reflections.
TEST(ViewAlignment, IsTheNearest) {
  const Tensor curves = normal({2, 15, 2}, 4);
  const Tensor aligned = aligned_curves(curves);
  const double least = (aligned[1] - aligned[0]).square().sum().item<double>();
  for (int i = 0; i < 720; ++i) {
    const double c = std::cos(i * 0.0174533), s = std::sin(i * 0.0174533), sign = i < 360 ? 1 : -1;
    const Tensor other = curves[1].matmul(torch::tensor({{c, -s}, {sign * s, sign * c}}, torch::kFloat64));
    EXPECT_GE((other - aligned[0]).square().sum().item<double>(), least * (1 - 1e-12)) << i;
  }
  EXPECT_EQ(aligned_curves(torch::zeros({2, 3, 2}, torch::kFloat64)).abs().max().item<double>(), 0);
}

}  // namespace
}  // namespace farfield
