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

struct KnownRatio {
  double sigma, ratio;  // mean d1 / d2 of kKnownSeeds trajectories
  int64_t seeds;        // of ours
};
constexpr int64_t kKnownSeeds = 24;
const std::vector<KnownRatio> kKnown = {{9.96, 0.0055, 96}, {4.97, 0.0289, 24}, {3.00, 0.0705, 24},
                                        {1.91, 0.133, 24},  {0.965, 0.295, 24}, {0.507, 0.532, 24},
                                        {0.193, 0.859, 24}, {0.098, 0.956, 24}, {0.020, 0.998, 24}};

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
  Tensor draw(int64_t seeds, double sigma, int64_t seed) const {
    const double count = static_cast<double>(points.size(0));
    const Tensor g = test::normals({seeds, points.size(0)}, seed).to(torch::kFloat32);
    const Tensor data = torch::mm(g, points).to(torch::kFloat64) / std::sqrt(count);
    return mean + data + sigma * test::normals({seeds, mean.size(0)}, seed + 1);
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
  for (const auto& [sigma, ratio, seeds] : kKnown) {
    states.push_back(gaussian.draw(seeds, sigma, 100 + 2 * static_cast<int64_t>(states.size())));
    models.push_back(gaussian.denoised(states.back(), sigma));
    sigmas.insert(sigmas.end(), static_cast<size_t>(seeds), sigma);
  }
  const auto exact = make_delta(gaussian.points + gaussian.mean.to(torch::kFloat32), {3072});
  const Tensor x = torch::cat(states), d = torch::cat(models);
  const Tensor optimal = (*exact)(x, torch::tensor(sigmas, torch::kFloat64));  // one pass for all levels
  const Tensor ratios = (optimal - d).norm(2, {1}) / (optimal - x).norm(2, {1});
  int64_t first = 0;
  for (const auto& [sigma, ratio, seeds] : kKnown) {
    const Tensor at = ratios.narrow(0, first, seeds);
    first += seeds;
    // Both are means over few trajectories. At high noise the deviation is that of rare images, and the known mean has a
    // standard error of 10 % and more: two such means differ by the second term.
    const double chance = 2 * at.std().item<double>() * std::sqrt(1.0 / kKnownSeeds + 1.0 / static_cast<double>(seeds));
    EXPECT_NEAR(at.mean().item<double>(), ratio, 0.06 * ratio + chance) << sigma;
    EXPECT_LT(at.max().item<double>(), 1) << sigma;
  }
}

}  // namespace
}  // namespace farfield
