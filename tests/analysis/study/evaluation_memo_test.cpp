#include "analysis/study/evaluation_memo.h"

#include <gtest/gtest.h>

namespace farfield {
namespace {

TEST(EvaluationMemo, AnswersEqualCallsOnce) {
  int64_t calls = 0;
  EvaluationMemo memo([&](const torch::Tensor& x, double sigma) { return ++calls, x * sigma; }, 1 << 20);
  const auto x = torch::linspace(0, 1, 12, torch::kFloat64).view({4, 3});
  const auto first = memo(x, 2);
  EXPECT_TRUE(torch::equal(memo(x.clone(), 2), first));
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(memo.reused(), 1);
  EXPECT_TRUE(torch::equal(memo(x, 3), x * 3)) << "another level";
  auto other = x.clone();
  other[3][2] += 1e-15;
  EXPECT_TRUE(torch::equal(memo(other, 2), other * 2)) << "another last bit";
  EXPECT_EQ(calls, 3);
  memo.forget();
  memo(x, 2);
  EXPECT_EQ(calls, 4);
}

// What is remembered is a copy: a solver that reuses its state's memory cannot change it.
TEST(EvaluationMemo, KeepsWhatItWasAsked) {
  EvaluationMemo memo([](const torch::Tensor& x, double) { return x + 1; }, 1 << 20);
  auto x = torch::zeros({2, 2}, torch::kFloat64);
  memo(x, 1);
  x.fill_(5);
  EXPECT_TRUE(torch::equal(memo(x, 1), x + 1));
  EXPECT_EQ(memo.reused(), 0);
}

TEST(EvaluationMemo, StaysWithinItsMemory) {
  EvaluationMemo memo([](const torch::Tensor& x, double) { return x + 1; }, 100);  // one state and its answer: 64 bytes
  const auto a = torch::zeros({2, 2}, torch::kFloat64), b = torch::ones({2, 2}, torch::kFloat64);
  for (int round = 0; round < 2; ++round) {
    memo(a, 1);
    memo(b, 1);
  }
  EXPECT_EQ(memo.reused(), 1) << "the second did not fit";
}

}  // namespace
}  // namespace farfield
