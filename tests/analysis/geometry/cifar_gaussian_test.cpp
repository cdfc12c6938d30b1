// The full-rank Gaussian of CIFAR-10: what it is known to do along its own trajectories, in closed form from 64 seeds.
#include <cmath>
#include <cstdlib>
#include <string>

#include <gtest/gtest.h>

#include "analysis/geometry/closed_form_path.h"
#include "analysis/geometry/path_geometry.h"
#include "models/analytic/fit.h"
#include "tests/analysis/geometry/document_path.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

using test::document_levels;
using torch::Tensor;

// All 50,000 images take a quarter of a minute, and are taken with FARFIELD_SWEEP=all. The first 4,000 have the same
// large eigenvalues; what hangs on the smallest ones is then left out.
class CifarGaussian : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto folder = test::data_dir();
    if (!folder || !std::filesystem::exists(*folder / "cifar10" / "cifar10-32x32.zip"))
      GTEST_SKIP() << "no CIFAR-10 (set FARFIELD_DATA)";
    const char* const sweep = std::getenv("FARFIELD_SWEEP");
    all_ = sweep != nullptr && std::string(sweep) == "all";
    data_ = open_data((*folder / "cifar10" / "cifar10-32x32.zip").string() + (all_ ? "" : ",first=4000"));
    gaussian_ = measure_gaussian(*data_);
    levels_ = document_levels();
    SampleRequest request;
    for (int64_t i = 0; i < 64; ++i) request.seeds.push_back(i);
    request.levels = levels_;
    const DenoiserInfo model{.name = "images", .sample_shape = {3, 32, 32}};
    start_ = path_start(request, model, {0, 64}).x;
    measured_ = measure_geometry(rotated_gaussian_path(gaussian_, start_, levels_));
  }

  void expect_shape() const;
  void expect_magnitudes() const;
  void expect_length() const;

  Tensor mean(const std::string& name) const {
    const Tensor values = measured_.at(name);
    return values.nan_to_num(0).sum(0) / values.isfinite().sum(0);
  }
  double number(const std::string& name) const { return measured_.at(name).mean().item<double>(); }
  int64_t level_nearest(double sigma) const {
    int64_t best = 0;
    for (size_t n = 0; n < levels_.size(); ++n) {
      if (std::fabs(std::log(levels_[n] / sigma)) < std::fabs(std::log(levels_[best] / sigma)))
        best = static_cast<int64_t>(n);
    }
    return best;
  }

  bool all_ = false;
  std::shared_ptr<const DataSource> data_;
  GaussianStats gaussian_;
  std::vector<double> levels_;
  Tensor start_;
  Arrays measured_;
};

void expect_near(double value, double expected, double relative) {
  EXPECT_NEAR(value, expected, relative * std::fabs(expected));
}

void CifarGaussian::expect_shape() const {
  expect_near(gaussian_.total_variance(), 754.6, 0.01);
  const test::Extreme deviation = test::largest(mean("deviation")), of_d = test::largest(mean("deviation_d"));
  expect_near(deviation.value, 16.10, 0.03);
  expect_near(levels_[deviation.at], 13, 0.1);
  expect_near(deviation.value / number("endpoint_distance"), 0.0036, 0.03);
  expect_near(of_d.value, 7.00, 0.03);
  expect_near(number("endpoint_distance_d"), 24.5, 0.03);
  expect_near(of_d.value / number("endpoint_distance_d"), 0.286, 0.03);
  expect_near((measured_.at("endpoint_distance") / start_.flatten(1).norm(2, 1)).mean().item<double>(), 0.99835, 1e-4);
  const test::Extreme cosine = test::least(mean("cos_end"));
  EXPECT_GE(cosine.value, 0.9885);
  EXPECT_NEAR(cosine.value, 0.9895, 0.0005);
  expect_near(levels_[cosine.at], 0.17, 0.2);
  const Tensor explained = mean("explained"), errors = measured_.at("reconstruction").mean(2).mean(0);
  const std::vector<double> shares = {0.907, 0.993, 0.9988}, of_k = {8.13, 1.73, 0.50, 0.196, 0.073};
  for (size_t k = 0; k < shares.size(); ++k)
    EXPECT_NEAR(explained[static_cast<int64_t>(k)].item<double>(), shares[k], 0.004) << k;
  for (size_t k = 0; k < of_k.size(); ++k) expect_near(errors[static_cast<int64_t>(k)].item<double>(), of_k[k], 0.03);
  const Arrays uncentred = measure_geometry(rotated_gaussian_path(gaussian_, start_.narrow(0, 0, 16), levels_),
                                            {PathSpace::kVe, false});
  EXPECT_NEAR(uncentred.at("explained").mean(0)[0].item<double>(), 0.956, 0.004);
  EXPECT_NEAR(uncentred.at("explained").mean(0)[1].item<double>(), 0.996, 0.004);
}

// Means over all x_T ~ N(0, sigma_T^2 I): sum of psi^2 sigma_T^2 + m_k^2 (1 - psi)^2 and of xi^2 sigma_T^2 + m_k^2 (1 -
// xi)^2.
void CifarGaussian::expect_magnitudes() const {
  const Tensor lambda = gaussian_.eigenvalues, mean_square = gaussian_.mean.matmul(gaussian_.basis).square();
  const auto root_mean_square = [&](const std::string& name, int64_t n) {
    return measured_.at(name).select(1, n).square().mean().sqrt().item<double>();
  };
  const auto formula = [&](const Tensor& factor) {
    return (factor.square() * 6400 + mean_square * (1 - factor).square()).sum().sqrt().item<double>();
  };
  for (const double sigma : {10., 1., 0.002}) {
    const int64_t n = level_nearest(sigma);
    const double here = levels_[n] * levels_[n];
    expect_near(root_mean_square("norm_x", n), formula(((here + lambda) / (6400 + lambda)).sqrt()), 0.02);
    if (n < 100) {
      expect_near(root_mean_square("norm_d", n), formula(lambda / ((here + lambda) * (6400 + lambda)).sqrt()), 0.02);
    }
  }
  const auto of_sigma = [&](double sigma) { return ((sigma * sigma + lambda) / (6400 + lambda)).sqrt(); };
  const auto of_d = [&](double sigma) { return lambda / ((sigma * sigma + lambda) * (6400 + lambda)).sqrt(); };
  expect_near(formula(of_sigma(10)), 554.93, 0.001);
  expect_near(formula(of_sigma(1)), 61.94, 0.005);
  expect_near(formula(of_d(10)), 15.98, 0.01);
  expect_near(formula(of_d(1)), 25.38, 0.01);
}

void CifarGaussian::expect_length() const {
  const double root = std::sqrt(3072);
  const auto of_epsilon = [&](double sigma) {
    return measured_.at("norm_eps").select(1, level_nearest(sigma)).square().mean().sqrt().item<double>() / root;
  };
  expect_near(number("length") / (80 * root), 1.0002, 0.01);
  expect_near(of_epsilon(10), 0.9992, 0.01);
  expect_near(of_epsilon(1), 0.9801, 0.01);
  if (!all_) return;
  expect_near(of_epsilon(0.1), 0.8623, 0.01);
  expect_near(test::largest(mean("angle_step")).value, 1.85, 0.01);
}

// One test, as the fit takes the time.
TEST_F(CifarGaussian, IsAsDerived) {
  expect_shape();
  expect_magnitudes();
  expect_length();
}

}  // namespace
}  // namespace farfield
