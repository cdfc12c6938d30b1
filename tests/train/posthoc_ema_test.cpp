#include "train/posthoc_ema.h"

#include <cmath>
#include <map>

#include <gtest/gtest.h>

#include "tests/support/test_support.h"
#include "train/ema.h"

namespace farfield {
namespace {

// Weights of a training run that never was: a damped random walk of many numbers, averaged as the trainer does.
class Walk {
 public:
  explicit Walk(const std::vector<double>& sigma_rel) : generator_(at::make_generator<at::CPUGeneratorImpl>(5)) {
    for (const double width : sigma_rel) averages_[width] = torch::zeros({200});
  }
  void go(int steps) {
    for (int step = 0; step < steps; ++step) {
      weights_ += torch::randn({200}, generator_) / std::sqrt(10 + static_cast<double>(images_) / 64);
      for (auto& [width, average] : averages_) {
        update_ema(average, weights_, power_beta(power_gamma(width), images_, 64));
      }
      images_ += 64;
    }
  }
  torch::Tensor average(double width) const { return averages_.at(width).clone(); }
  torch::Tensor weights() const { return weights_; }
  double images() const { return static_cast<double>(images_); }

 private:
  at::Generator generator_;
  torch::Tensor weights_ = torch::zeros({200});
  std::map<double, torch::Tensor> averages_;
  int64_t images_ = 0;
};

TEST(PosthocEma, RebuildsAveragesThatWereNotStored) {
  const std::vector<double> wanted = {0.03, 0.07, 0.15};
  Walk walk({0.05, 0.1, 0.03, 0.07, 0.15});
  std::vector<AverageProfile> profiles;
  std::vector<torch::Tensor> stored;
  for (int snapshot = 0; snapshot < 32; ++snapshot) {
    walk.go(64);
    for (const double width : {0.05, 0.1}) {
      profiles.push_back({power_gamma(width), walk.images()});
      stored.push_back(walk.average(width));
    }
  }
  for (const double width : wanted) {
    const auto solution = posthoc_weights(profiles, {power_gamma(width), walk.images()});
    auto rebuilt = torch::zeros({200}, torch::kFloat64);
    double sum = 0;
    for (size_t i = 0; i < stored.size(); ++i) {
      rebuilt += stored[i].to(torch::kFloat64) * solution.weights[i];
      sum += solution.weights[i];
    }
    EXPECT_NEAR(sum, 1, 1e-9);
    EXPECT_LT(solution.error, 0.05) << width;
    const auto direct = walk.average(width).to(torch::kFloat64);
    const double apart = (rebuilt - direct).norm().item<double>();
    EXPECT_LT(apart, 0.03 * (direct - walk.weights()).norm().item<double>()) << width;
  }
}

TEST(PosthocEma, AStoredAverageIsItself) {
  const std::vector<AverageProfile> profiles = {{6.9, 1000}, {16.97, 1000}, {6.9, 2000}, {16.97, 2000}};
  const auto solution = posthoc_weights(profiles, profiles[2]);
  for (size_t i = 0; i < 4; ++i) EXPECT_NEAR(solution.weights[i], i == 2, 1e-6) << i;
  EXPECT_LT(solution.error, 1e-6);
}

// Two profiles, the least squares by hand: <p_i, p_j> by numerical integration.
TEST(PosthocEma, MinimisesTheDifferenceOfTheProfiles) {
  const std::vector<AverageProfile> stored = {{2, 0.5}, {5, 1}};
  const AverageProfile target{3, 0.9};
  const auto profile = [](const AverageProfile& p, double t) {
    return t > p.images ? 0 : (p.gamma + 1) * std::pow(t, p.gamma) / std::pow(p.images, p.gamma + 1);
  };
  const auto error_with = [&](double first) {
    constexpr int kCells = 20000;
    double square = 0, whole = 0;
    for (int i = 0; i < kCells; ++i) {
      const double t = (i + 0.5) / kCells, wanted = profile(target, t);
      square += std::pow(first * profile(stored[0], t) + (1 - first) * profile(stored[1], t) - wanted, 2);
      whole += wanted * wanted;
    }
    return std::sqrt(square / whole);
  };
  const auto solution = posthoc_weights(stored, target);
  EXPECT_NEAR(error_with(solution.weights[0]), solution.error, 1e-3);
}

}  // namespace
}  // namespace farfield
