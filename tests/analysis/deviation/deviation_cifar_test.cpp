// Against the training images of CIFAR-10, where they are present.
#include <cmath>

#include "analysis/deviation/optimum.h"
#include "core/data/source.h"
#include "models/analytic/analytic.h"
#include "models/analytic/fit.h"
#include "tests/support/normals.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

using torch::Tensor;

constexpr int64_t kSeeds = 24;
const std::vector<double> kLevels = {9.96, 4.97, 3.00, 1.91, 0.965, 0.507, 0.193, 0.098, 0.020};
const std::vector<double> kRatios = {0.0055, 0.0289, 0.0705, 0.133, 0.295, 0.532, 0.859, 0.956, 0.998};

// The Gaussian of the data's mean and covariance without its eigenvectors. Its trajectories from far away have its marginals,
// which are drawn as m + Y^T g / sqrt(N) + sigma n.
struct DataGaussian {
  Tensor points, mean, covariance;  // [N, d] float32 centred, [d], [d, d] float64

  explicit DataGaussian(const DataSource& data) {
    points = data_matrix(data);
    mean = points.mean(0, false, torch::kFloat64);
    points = points - mean.to(torch::kFloat32);
    covariance = torch::mm(points.t(), points).to(torch::kFloat64) / static_cast<double>(points.size(0));
  }
  Tensor draw(double sigma, int64_t seed) const {
    const double count = static_cast<double>(points.size(0));
    const Tensor g = test::normals({kSeeds, points.size(0)}, seed).to(torch::kFloat32);
    const Tensor data = torch::mm(g, points).to(torch::kFloat64) / std::sqrt(count);
    return mean + data + sigma * test::normals({kSeeds, mean.size(0)}, seed + 1);
  }
  Tensor denoised(const Tensor& x, double sigma) const {  // m + S (S + sigma^2 I)^-1 (x - m)
    const Tensor noisy = covariance + sigma * sigma * torch::eye(mean.size(0), torch::kFloat64);
    return mean + torch::mm(torch::cholesky_solve((x - mean).t(), torch::linalg_cholesky(noisy)).t(), covariance);
  }
};

TEST(DeviationCifar, the_gaussian_of_the_data_deviates_as_known) {
  const auto folder = test::data_dir();
  if (!folder) GTEST_SKIP() << "no data: name a folder with cifar10/ by FARFIELD_DATA";
  const auto data = open_data((*folder / "cifar10/cifar10-32x32.zip").string() + ",labels=no");
  const torch::NoGradGuard no_gradients;
  const DataGaussian gaussian(*data);
  std::vector<Tensor> states, models;
  std::vector<double> sigmas;
  for (size_t i = 0; i < kLevels.size(); ++i) {
    states.push_back(gaussian.draw(kLevels[i], 100 + 2 * static_cast<int64_t>(i)));
    models.push_back(gaussian.denoised(states.back(), kLevels[i]));
    sigmas.insert(sigmas.end(), kSeeds, kLevels[i]);
  }
  const auto exact = make_delta(gaussian.points + gaussian.mean.to(torch::kFloat32), {3072});
  const Tensor x = torch::cat(states), d = torch::cat(models);
  const Tensor optimal = (*exact)(x, torch::tensor(sigmas, torch::kFloat64));  // one pass for all levels
  const Tensor ratio = ((optimal - d).norm(2, {1}) / (optimal - x).norm(2, {1})).view({-1, kSeeds});
  for (size_t i = 0; i < kLevels.size(); ++i) {
    const Tensor at = ratio[static_cast<int64_t>(i)];
    EXPECT_NEAR(at.mean().item<double>(), kRatios[i], 0.06 * kRatios[i]) << kLevels[i];
    EXPECT_LT(at.max().item<double>(), 1) << kLevels[i];
  }
}

}  // namespace
}  // namespace farfield
