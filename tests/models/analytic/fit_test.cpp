#include "models/analytic/fit.h"

#include <limits>

#include "models/analytic/reference_fits.h"
#include "tests/models/analytic/analytic_cases.h"
#include "tests/support/test_support.h"
#include "tests/support/thread_count.h"
#include "tests/support/thread_group.h"

namespace farfield {
namespace {

using torch::Tensor;

Tensor plain_covariance(const Tensor& rows) {
  const auto centred = rows - rows.mean(0);
  return torch::mm(centred.t(), centred) / static_cast<double>(rows.size(0));
}

Tensor covariance(const MixtureStats& stats, int64_t k) {
  const auto& basis = stats.bases[k];
  const auto outside = torch::eye(stats.dim(), torch::kFloat64) - torch::mm(basis.t(), basis);
  return torch::mm(basis.t() * stats.eigenvalues[k], basis) + stats.tails[k] * outside;
}

// 60 labelled samples [2,3] in three classes of 40, 19 and 1 of them; the third class is a single point.
DataSource labelled_data() {
  const auto samples = test::normals({60, 2, 3}, 1).to(torch::kFloat32);
  auto labels = torch::zeros({60}, torch::kInt64);
  labels.narrow(0, 40, 19).fill_(1);
  labels[59] = 3;  // class 2 has no samples
  return DataSource("labelled", samples, labels, 4);
}

TEST(Fit, GaussianIsMeanAndCovarianceOfAllSamples) {
  const auto data = labelled_data();
  const auto rows = data_matrix(data).to(torch::kFloat64);
  const auto stats = measure_gaussian(data);
  EXPECT_EQ(stats.count, 60);
  EXPECT_LE(test::deviation(stats.mean, rows.mean(0)), 1e-14);
  EXPECT_LE(test::deviation(covariance(to_mixture(stats), 0), plain_covariance(rows)), 1e-13);
  const auto low = measure_gaussian(data, 2);
  EXPECT_EQ(low.rank(), 2);
  EXPECT_EQ(low.tail, 0);
  EXPECT_TRUE(low.basis.equal(stats.basis.narrow(1, 0, 2)));
  EXPECT_EQ(test::error_of([&] { measure_gaussian(data, 7); })->code(), ExitCode::kUsage);
}

TEST(Fit, AMixturePerClassHasTheClassesMomentsAndLeavesOutEmptyOnes) {
  const auto data = labelled_data();
  const auto rows = data_matrix(data).to(torch::kFloat64);
  const auto stats = fit_mixture(data, {.per_class = true});
  stats.validate();
  EXPECT_TRUE(stats.counts.equal(torch::tensor({40, 19, 1}, torch::kInt64)));
  EXPECT_LE(test::deviation(stats.weights, torch::tensor({40.0, 19.0, 1.0}, torch::kFloat64) / 60), 1e-15);
  EXPECT_LE(test::deviation(stats.means[1], rows.narrow(0, 40, 19).mean(0)), 1e-14);
  EXPECT_LE(test::deviation(covariance(stats, 0), plain_covariance(rows.narrow(0, 0, 40))), 1e-13);
  EXPECT_LE(test::deviation(covariance(stats, 1), plain_covariance(rows.narrow(0, 40, 19))), 1e-13);
  EXPECT_EQ(covariance(stats, 2).abs().max().item<double>(), 0);
}

TEST(Fit, TailAndRidgeDoWhatTheySay) {
  const auto data = labelled_data();
  const auto exact = plain_covariance(data_matrix(data).to(torch::kFloat64).narrow(0, 0, 40));
  const auto trace = exact.trace().item<double>();
  const auto zero = fit_mixture(data, {.per_class = true, .rank = 2});
  EXPECT_EQ(zero.rank(), 2);
  EXPECT_EQ(zero.tails.abs().max().item<double>(), 0);
  const auto mean = fit_mixture(data, {.per_class = true, .rank = 2, .tail = "mean"});
  EXPECT_NEAR(covariance(mean, 0).trace().item<double>(), trace, 1e-13);
  const auto ridge = fit_mixture(data, {.per_class = true, .ridge = 0.25});
  EXPECT_LE(test::deviation(covariance(ridge, 0), exact + 0.25 * torch::eye(6, torch::kFloat64)), 1e-13);
  EXPECT_LE(test::deviation(covariance(ridge, 2), 0.25 * torch::eye(6, torch::kFloat64)), 1e-13);
}

TEST(Fit, ClustersSmallerThanTheDimensionKeepTheirWholeCovariance) {
  const auto rows = test::normals({60, 40}, 2).to(torch::kFloat32);
  const DataSource data("points", rows, {}, 0);
  const auto stats = fit_mixture(data, {.components = 5, .seed = 1});
  stats.validate();
  EXPECT_LT(stats.rank(), 40);
  // The mixture's total covariance is the data's: within plus between clusters.
  auto total = torch::zeros({40, 40}, torch::kFloat64);
  const auto mean = torch::mv(stats.means.t(), stats.weights);
  for (int64_t k = 0; k < stats.components(); ++k) {
    const auto offset = stats.means[k] - mean;
    total += stats.weights[k] * (covariance(stats, k) + torch::outer(offset, offset));
  }
  EXPECT_LE(test::deviation(total, plain_covariance(rows.to(torch::kFloat64))), 1e-12);
}

// N(mean, tr(S)/d I), whichever way it is made.
TEST(Fit, IsotropicHasTheTotalVariance) {
  const auto data = labelled_data();
  const ReferenceOptions none("isotropic");
  const auto x = test::normals({3, 2, 3}, 5);
  EXPECT_LE(
      test::deviation((*isotropic_of({data, none}))(x, 0.7), (*make_isotropic(measure_gaussian(data), {2, 3}))(x, 0.7)),
      1e-14);
}

bool same_bits(const MixtureStats& a, const MixtureStats& b) {
  return a.weights.equal(b.weights) && a.means.equal(b.means) && a.bases.equal(b.bases) && a.tails.equal(b.tails) &&
         a.eigenvalues.equal(b.eigenvalues) && a.counts.equal(b.counts);
}

TEST(Fit, AnyNumberOfRanksGivesTheBitsOfOne) {
  const test::ThreadCount one_thread(1);
  const auto data = open_data("glyphs,size=8,count=1700");  // three parts
  const MixtureOptions clusters{.components = 5, .rank = 20, .tail = "mean"}, classes{.per_class = true, .ridge = 0.1};
  const auto gaussian = measure_gaussian(*data);
  const auto by_cluster = fit_mixture(*data, clusters), by_class = fit_mixture(*data, classes);
  const auto x = test::normals({3, 1, 8, 8}, 5);
  const ReferenceOptions of_three("mixture", {{"components", "3"}, {"rank", "4"}});
  const auto low = (*mixture_of({*data, of_three, 1}))(x, 0.7);
  for (const int size : {2, 3, 4}) {
    test::run_ranks(size, [&](Comm& comm) {
      const auto shared = measure_gaussian(*data, 0, comm);
      EXPECT_TRUE(shared.mean.equal(gaussian.mean) && shared.basis.equal(gaussian.basis) &&
                  shared.eigenvalues.equal(gaussian.eigenvalues))
          << size;
      EXPECT_TRUE(same_bits(fit_mixture(*data, clusters, comm), by_cluster)) << size;
      EXPECT_TRUE(same_bits(fit_mixture(*data, classes, comm), by_class)) << size;
      EXPECT_TRUE((*mixture_of({*data, of_three, 1, comm}))(x, 0.7).equal(low)) << size;
    });
  }
}

TEST(Fit, WrongOptionsAreNamed) {
  const auto message = [](const MixtureOptions& options) {
    const DataSource data("points", torch::zeros({5, 4}), {}, 0);
    const auto error = test::error_of([&] { fit_mixture(data, options); });
    return error ? std::string(error->what()) : "";
  };
  EXPECT_NE(message({.per_class = true}).find("has no labels"), std::string::npos);
  EXPECT_NE(message({.components = 6}).find("6 clusters for 5"), std::string::npos);
  EXPECT_NE(message({.rank = 5}).find("4 dimensions"), std::string::npos);
  EXPECT_NE(message({.ridge = -1}).find("ridge"), std::string::npos);
  EXPECT_NE(message({.tail = "some"}).find("tail"), std::string::npos);
}

}  // namespace
}  // namespace farfield
