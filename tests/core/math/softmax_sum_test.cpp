#include "core/math/softmax_sum.h"

#include "core/math/random.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

using torch::Tensor;

TEST(SoftmaxSum, BlocksGiveTheSoftmaxOfAllInAnyOrderOfMagnitude) {
  SampleRandom random(1);
  for (const double scale : {1e-3, 1.0, 30.0, 1e5, 1e25}) {
    const auto logits = scale * random.normal({4, 60}, torch::kFloat64);
    const auto values = random.normal({60, 5}, torch::kFloat64);
    const auto weights = torch::softmax(logits, 1), expected = torch::mm(weights, values);
    const auto entropy = -torch::xlogy(weights, weights).sum(1);
    for (const int64_t block : {1, 7, 60}) {
      SoftmaxSum sum(4, 5, torch::kCPU);
      for (int64_t first = 0; first < 60; first += block) {
        const int64_t count = std::min(block, 60 - first);
        sum.add(logits.narrow(1, first, count).clone(), values.narrow(0, first, count));
      }
      EXPECT_LE(test::deviation(sum.mean(), expected), 1e-13) << scale << " " << block;
      EXPECT_LE(test::deviation(sum.log_sum(), torch::logsumexp(logits, 1)), 1e-13) << scale << " " << block;
      EXPECT_LE(test::deviation(sum.entropy(), entropy), 1e-13) << scale << " " << block;
    }
  }
}

TEST(SoftmaxSum, NegligibleWeightsAreExactlyZero) {
  SoftmaxSum sum(1, 1, torch::kCPU);
  // A weight of 1e-31 times 1e35 would show.
  sum.add(torch::tensor({{0.0, -71.4}}, torch::kFloat64), torch::tensor({{1.0}, {1e35}}, torch::kFloat64));
  EXPECT_EQ(sum.mean().item<double>(), 1.0);
  sum.add(torch::tensor({{-71.4}}, torch::kFloat64), torch::tensor({{1e35}}, torch::kFloat64));
  EXPECT_EQ(sum.mean().item<double>(), 1.0);
}

TEST(SoftmaxSum, TheProductRunsInTheDtypeOfTheValues) {
  SoftmaxSum sum(1, 1, torch::kCPU);
  sum.add(torch::zeros({1, 2}, torch::kFloat64), torch::tensor({{0.1f}, {0.3f}}));
  EXPECT_NEAR(sum.mean().item<double>(), 0.2, 1e-7);
  EXPECT_EQ(sum.mean().scalar_type(), torch::kFloat64);
}

TEST(SoftmaxSum, WithoutValuesTheWeightsAreSummedAlike) {
  const auto logits = SampleRandom(2).normal({3, 40}, torch::kFloat64);
  SoftmaxSum with(3, 2, torch::kCPU), without(3, 0, torch::kCPU);
  for (const auto& part : logits.split(16, 1)) {
    with.add(part.clone(), torch::ones({part.size(1), 2}, torch::kFloat64));
    without.add(part.clone(), torch::ones({part.size(1), 0}, torch::kFloat64));
  }
  EXPECT_TRUE(torch::equal(with.log_sum(), without.log_sum()));
  EXPECT_TRUE(torch::equal(with.entropy(), without.entropy()));
  EXPECT_EQ(without.mean().sizes(), (std::vector<int64_t>{3, 0}));
}

}  // namespace
}  // namespace farfield
