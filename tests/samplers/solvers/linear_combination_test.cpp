#include "samplers/solvers/linear_combination.h"

#include "samplers/solvers/phi_functions.h"
#include "tests/support/test_support.h"
#include "tests/support/thread_count.h"

namespace farfield {
namespace {

std::vector<torch::Tensor> states(int64_t count, int64_t size, torch::ScalarType dtype) {
  std::vector<torch::Tensor> list;
  for (int64_t j = 0; j < count; ++j) list.push_back(torch::linspace(-1, 2 + 3 * j, size, dtype).sin().view({-1, 5}));
  return list;
}

TEST(LinearCombination, is_the_sum_for_every_count_dtype_and_layout) {
  for (const auto dtype : {torch::kFloat64, torch::kFloat32}) {
    const auto list = states(8, 200'005, dtype);
    std::vector<Term> terms, strided;
    auto expected = torch::zeros_like(list[0]);
    for (size_t j = 0; j < list.size(); ++j) {
      const double factor = 0.3 * static_cast<double>(j) - 1;
      terms.push_back({factor, list[j]});
      strided.push_back({factor, list[j].t().contiguous().t()});
      expected = expected + list[j] * factor;
      const double tolerance = dtype == torch::kFloat64 ? 1e-15 : 1e-6;
      EXPECT_LE(test::deviation(linear_combination(terms), expected), tolerance);
      EXPECT_LE(test::deviation(linear_combination(strided), expected), tolerance) << "not contiguous";
      EXPECT_EQ(linear_combination(terms).scalar_type(), dtype);
    }
    const test::ThreadCount one(1);
    const auto alone = linear_combination(terms);
    const test::ThreadCount three(3);
    EXPECT_TRUE(torch::equal(linear_combination(terms), alone));
  }
}

TEST(LinearCombination, a_factor_of_zero_leaves_its_tensor_out) {
  const auto x = torch::full({2, 2}, std::numeric_limits<double>::infinity(), torch::kFloat64);
  const auto y = torch::ones({2, 2}, torch::kFloat64);
  EXPECT_TRUE(torch::equal(linear_combination({{0, x}, {2, y}}), y * 2));
  EXPECT_TRUE(torch::equal(linear_combination({{0, x}}), torch::zeros_like(x)));
  EXPECT_TRUE(torch::equal(euler_step(x, y, {3, 0}), y)) << "a step to 0 is D exactly";
}

TEST(LinearCombination, gradients_flow_when_they_are_wanted) {
  const auto x = torch::ones({2, 2}, torch::requires_grad().dtype(torch::kFloat64));
  const auto y = torch::ones({2, 2}, torch::kFloat64);
  linear_combination({{3, x}, {2, y}}).sum().backward();
  EXPECT_TRUE(torch::equal(x.grad(), torch::full({2, 2}, 3, torch::kFloat64)));
}

TEST(LinearCombination, slopes_are_added_and_kept) {
  const auto list = states(6, 100, torch::kFloat64);
  const std::vector<Slope> slopes = {{0.5, list[0], list[1], 2}, {-0.25, list[2], list[3], 3}};
  const auto expected = list[0] + 0.5 * (list[0] - list[1]) / 2 - 0.25 * (list[2] - list[3]) / 3;
  EXPECT_LE(test::deviation(add_slopes(list[0], slopes), expected), 1e-15);

  for (size_t count = 1; count <= 4; ++count) {
    const std::vector<double> weights = {0.7, -0.3, 0.2, 0.1};
    const std::vector<torch::Tensor> past(list.begin() + 2, list.begin() + 1 + count);
    const auto moved = slope_step(list[0], list[1], 4, std::span(weights).subspan(0, count), past);
    auto sum = list[0] + 0.7 * (list[0] - list[1]) / 4;
    for (size_t j = 1; j < count; ++j) sum = sum + weights[j] * past[j - 1];
    EXPECT_LE(test::deviation(moved.slope, (list[0] - list[1]) / 4), 1e-15);
    EXPECT_LE(test::deviation(moved.x, sum), 1e-15) << count;
    const auto cut = slope_step(list[0].t().contiguous().t(), list[1], 4, std::span(weights).subspan(0, count), past);
    EXPECT_LE(test::deviation(cut.x, sum), 1e-15) << "not contiguous";
  }
}

TEST(PhiFunctions, agree_with_their_integrals) {
  // phi_k(z) = integral over [0, 1] of e^{(1-s) z} s^{k-1} / (k-1)! ds, by Simpson's rule.
  const auto integral = [](int k, double z) {
    constexpr int kIntervals = 2000;
    double sum = 0;
    for (int i = 0; i <= kIntervals; ++i) {
      const double s = static_cast<double>(i) / kIntervals, weight = i == 0 || i == kIntervals ? 1 : i % 2 ? 4 : 2;
      sum += weight * std::exp((1 - s) * z) * std::pow(s, k - 1) / std::tgamma(k);
    }
    return sum / (3 * kIntervals);
  };
  for (int k = 1; k <= 4; ++k) {
    for (const double z : {-12.0, -3.0, -1.0, -0.999, -0.3, -1e-9, 0.0, 1e-12, 0.4, 0.999, 1.0, 2.5, 9.0}) {
      EXPECT_NEAR(phi(k, z) / integral(k, z), 1, 1e-9) << k << " " << z;
    }
    EXPECT_NEAR(phi(k, 1 - 1e-12) / phi(k, 1.0), 1, 1e-11) << "series and recursion meet";
  }
}

}  // namespace
}  // namespace farfield
