// What the one door of every denoiser checks.
#include "models/denoiser.h"

#include <cmath>

#include "tests/support/test_support.h"

namespace farfield {
namespace {

using torch::Tensor;

class Scaled final : public Denoiser {
 public:
  Scaled() {
    info_.name = "scaled";
    info_.sample_shape = {2, 3};
    info_.label_dim = 4;
  }
  const DenoiserInfo& info() const override { return info_; }
  int64_t break_sample = -1;

 private:
  Tensor denoise(const Tensor& x, const Tensor& sigma, const Tensor&) const override {
    EXPECT_EQ(sigma.scalar_type(), torch::kFloat64);
    EXPECT_EQ(sigma.sizes(), torch::IntArrayRef({x.size(0)}));
    Tensor result = x / (1 + sigma.to(x.dtype()).reshape({-1, 1, 1}).square());
    if (break_sample >= 0) result[break_sample][1][2] = std::nan("");
    return result;
  }
  DenoiserInfo info_;
};

TEST(Denoiser, OneSigmaOrOneASampleGiveTheSame) {
  const Scaled denoiser;
  const Tensor x = torch::ones({3, 2, 3}, torch::kFloat64);
  const Tensor expected = x / 5;
  EXPECT_TRUE(torch::equal(denoiser(x, 2.0), expected));
  EXPECT_TRUE(torch::equal(denoiser(x, torch::tensor(2.0)), expected));
  EXPECT_TRUE(torch::equal(denoiser(x, torch::tensor({2.0f, 2.0f, 2.0f})), expected));
  EXPECT_TRUE(torch::equal(denoiser.bind()(x, 2.0), expected));
  EXPECT_TRUE(torch::allclose(score(denoiser, x, 2.0), (expected - x) / 4));
  EXPECT_EQ(denoiser(x.to(torch::kFloat32), 2.0).scalar_type(), torch::kFloat32);
}

TEST(Denoiser, WhatDoesNotFitIsAnError) {
  const Scaled denoiser;
  const Tensor x = torch::ones({3, 2, 3});
  const auto code = [&](const Tensor& input, const Tensor& sigma, const Tensor& labels = {}) {
    return test::error_of([&] { denoiser(input, sigma, labels); })->code();
  };
  const Tensor one = torch::ones({1});
  EXPECT_EQ(code(torch::ones({3, 3, 2}), one), ExitCode::kBug);
  EXPECT_EQ(code(torch::ones({2, 3}), one), ExitCode::kBug);
  EXPECT_EQ(code(torch::ones({0, 2, 3}), one), ExitCode::kBug);
  EXPECT_EQ(code(torch::ones({3, 2, 3}, torch::kInt64), one), ExitCode::kBug);
  EXPECT_EQ(code({}, one), ExitCode::kBug);
  EXPECT_EQ(code(x, torch::ones({2})), ExitCode::kBug);
  EXPECT_EQ(code(x, torch::ones({3, 1})), ExitCode::kBug);
  for (const double sigma : {0.0, -1.0, std::nan(""), double(INFINITY)}) {
    EXPECT_EQ(code(x, torch::tensor({1.0, sigma, 1.0}, torch::kFloat64)), ExitCode::kUsage) << sigma;
  }
  EXPECT_EQ(code(x, one, torch::ones({3, 5})), ExitCode::kUsage);
  EXPECT_EQ(code(x, one, torch::ones({2, 4})), ExitCode::kUsage);
}

TEST(Denoiser, AResultThatIsNotFiniteNamesSigmaAndSample) {
  Scaled denoiser;
  denoiser.break_sample = 2;
  const auto error = test::error_of([&] { denoiser(torch::ones({4, 2, 3}), 0.125); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ExitCode::kNumeric);
  EXPECT_NE(std::string(error->what()).find("sigma 0.125 for sample 2"), std::string::npos) << error->what();
  const Tensor huge = torch::full({1, 2, 3}, 3e38f);  // a sum that overflows is no error
  denoiser.break_sample = -1;
  EXPECT_NO_THROW(denoiser(huge, 1e-3));
}

}  // namespace
}  // namespace farfield
