#include <cmath>

#include <gtest/gtest.h>

#include "core/math/random.h"
#include "models/analytic/analytic.h"
#include "models/analytic/component_posterior.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

torch::Tensor normal(torch::IntArrayRef shape, uint64_t key) {
  return torch::randn(shape, keyed_generator({key}), torch::TensorOptions(torch::kFloat64));
}

// D by its definition, with dense covariances: x [B, d].
torch::Tensor dense_denoiser(const MixtureStats& stats, const torch::Tensor& x, double sigma) {
  std::vector<torch::Tensor> denoised, log_joint;
  for (int64_t k = 0; k < stats.components(); ++k) {
    const torch::Tensor basis = stats.bases[k];
    const torch::Tensor identity = torch::eye(stats.dim(), torch::kFloat64);
    const torch::Tensor covariance = basis.t().matmul(stats.eigenvalues[k].unsqueeze(1) * basis) +
                                     stats.tails[k] * (identity - basis.t().matmul(basis));
    const torch::Tensor noisy = covariance + sigma * sigma * identity;
    const torch::Tensor solved = torch::linalg_inv(noisy).matmul((x - stats.means[k]).t()).t();  // [B, d]
    denoised.push_back(stats.means[k] + solved.matmul(covariance));
    log_joint.push_back(stats.weights[k].log() - 0.5 * ((x - stats.means[k]) * solved).sum(1) -
                        0.5 * torch::logdet(noisy));
  }
  const torch::Tensor share = torch::softmax(torch::stack(log_joint, 1), 1);
  return (share.unsqueeze(2) * torch::stack(denoised, 1)).sum(1);
}

// Of two isotropic components: the logistic function of the difference of their exponents.
TEST(Mixture, SaysWhichComponentAStateComesFrom) {
  MixtureStats stats;
  stats.weights = torch::tensor({0.3, 0.7}, torch::kFloat64);
  stats.means = torch::tensor({{-1., 0.}, {1., 0.}}, torch::kFloat64);
  stats.bases = torch::eye(2, torch::kFloat64).repeat({2, 1, 1});
  stats.eigenvalues = torch::full({2, 2}, 0.25, torch::kFloat64);
  stats.tails = torch::zeros({2}, torch::kFloat64);
  stats.counts = torch::zeros({2}, torch::kInt64);
  const auto mixture = make_mixture(stats, {2});
  const auto& components = dynamic_cast<const ComponentPosterior&>(*mixture);
  const torch::Tensor x = normal({9, 2}, 5);
  for (const double sigma : {0.1, 1.0}) {
    const torch::Tensor share = components.responsibilities(x, sigma);
    const torch::Tensor exponent = 2 * x.select(1, 0) / (0.25 + sigma * sigma) + std::log(0.7 / 0.3);
    EXPECT_LE(test::deviation(share.select(1, 1), torch::sigmoid(exponent)), 1e-13) << sigma;
    EXPECT_LE(test::deviation(share.sum(1), torch::ones({9}, torch::kFloat64)), 1e-14);
  }
  test::error_of([&] { components.responsibilities(x, 0); });
}

// A cluster with fewer points than dimensions has fewer eigenvectors than the others: its missing ones are zero rows.
TEST(Mixture, ComponentsOfLowerRankAreExactAtFullRank) {
  const int64_t d = 6;
  for (double tail : {0.0, 0.2}) {
    MixtureStats stats;
    stats.weights = torch::tensor({0.3, 0.7}, torch::kFloat64);
    stats.means = normal({2, d}, 1);
    stats.bases = torch::stack(
        {std::get<0>(torch::linalg_qr(normal({d, d}, 2))), std::get<0>(torch::linalg_qr(normal({d, d}, 3)))});
    stats.eigenvalues = torch::linspace(1, 0.1, d, torch::kFloat64).repeat({2, 1});
    stats.tails = torch::tensor({0.0, tail}, torch::kFloat64);
    stats.bases[1].narrow(0, 2, d - 2).zero_();
    stats.eigenvalues[1].narrow(0, 2, d - 2).fill_(tail);
    stats.counts = torch::tensor({30, 3}, torch::kInt64);
    const auto mixture = make_mixture(stats, {d});
    for (double sigma : {0.05, 1.0, 80.0}) {
      const torch::Tensor x = normal({5, d}, 4) * (1 + sigma);
      EXPECT_LE(test::relative_deviation((*mixture)(x, sigma), dense_denoiser(stats, x, sigma)), 1e-9) << sigma;
    }
  }
}

}  // namespace
}  // namespace farfield
