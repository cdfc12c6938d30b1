#include "models/hybrid.h"

#include "models/analytic/analytic.h"
#include "tests/models/analytic/analytic_cases.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

using torch::Tensor;

std::shared_ptr<const Denoiser> constant_mean(double mean, int64_t dim = 3) {
  return make_isotropic(torch::full({dim}, mean, torch::kFloat64), 0, {dim});
}

// A denoiser that takes labels and returns the first of them everywhere.
class FirstLabel final : public Denoiser {
 public:
  FirstLabel() { info_.name = "first label", info_.sample_shape = {3}, info_.label_dim = 2; }
  const DenoiserInfo& info() const override { return info_; }

 private:
  Tensor denoise(const Tensor& x, const Tensor&, const Tensor& labels) const override {
    return labels.defined() ? labels.select(1, 0).unsqueeze(1).expand_as(x).to(x.scalar_type()) : torch::zeros_like(x);
  }
  DenoiserInfo info_;
};

TEST(Hybrid, ChoosesBySigmaAlsoWithinABatch) {
  const auto hybrid = make_hybrid(constant_mean(1), constant_mean(-1), 0.5);
  const auto x = torch::zeros({4, 3}, torch::kFloat64);
  EXPECT_EQ((*hybrid)(x, 0.5).min().item<double>(), 1);
  EXPECT_EQ((*hybrid)(x, 0.4999).max().item<double>(), -1);
  const auto mixed = (*hybrid)(x, torch::tensor({0.1, 0.7, 0.5, 0.2}, torch::kFloat64));
  EXPECT_TRUE(mixed.select(1, 0).equal(torch::tensor({-1.0, 1.0, 1.0, -1.0}, torch::kFloat64)));
  EXPECT_NE(hybrid->info().name.find("0.5"), std::string::npos);
}

TEST(Hybrid, GivesLabelsOnlyToThePartThatTakesThem) {
  const auto hybrid = make_hybrid(constant_mean(1), std::make_shared<FirstLabel>(), 0.5);
  EXPECT_EQ(hybrid->info().label_dim, 2);
  const auto labels = torch::tensor({{7.0, 0.0}, {8.0, 0.0}, {9.0, 0.0}});
  const auto x = torch::zeros({3, 3});
  const auto mixed = (*hybrid)(x, torch::tensor({0.1, 1.0, 0.2}, torch::kFloat64), labels);
  EXPECT_TRUE(mixed.select(1, 0).equal(torch::tensor({7.0f, 1.0f, 9.0f})));
}

TEST(Hybrid, IsContinuousWhereItsPartsAreTheSame) {
  const auto cases = test::analytic_cases();
  const auto& gaussian = cases[1];
  const auto hybrid = make_hybrid(gaussian.denoiser, gaussian.denoiser, 1);
  const auto x = test::probes(gaussian, 8, 1, 3).view({8, 3, 2, 2});
  const auto sigmas = torch::logspace(-2, 2, 8, 10, torch::kFloat64);
  EXPECT_LE(test::deviation((*hybrid)(x, sigmas), (*gaussian.denoiser)(x, sigmas)), 1e-13);
}

TEST(Hybrid, PartsThatDoNotFitAreRefused) {
  EXPECT_EQ(test::error_of([] { make_hybrid(constant_mean(1, 3), constant_mean(1, 4), 1); })->code(), ExitCode::kUsage);
  for (const double threshold : {0.0, -1.0, std::numeric_limits<double>::infinity(), std::nan("")}) {
    EXPECT_EQ(test::error_of([&] { make_hybrid(constant_mean(1), constant_mean(1), threshold); })->code(),
              ExitCode::kUsage);
  }
}

}  // namespace
}  // namespace farfield
