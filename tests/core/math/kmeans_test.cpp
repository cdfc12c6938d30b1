#include "core/math/kmeans.h"

#include <ATen/Parallel.h>

#include "core/interrupts.h"
#include "core/math/random.h"
#include "tests/support/test_support.h"
#include "tests/support/thread_group.h"

namespace farfield {
namespace {

using torch::Tensor;

Tensor plain_nearest(const Tensor& points, const Tensor& centres) {
  const auto difference = points.to(torch::kFloat64).unsqueeze(1) - centres.unsqueeze(0);
  return difference.square().sum(2).argmin(1);
}

Tensor blobs(int64_t clusters, int64_t each, int64_t dim) {
  SampleRandom random(5);
  const auto centres = 10 * random.normal({clusters, dim}, torch::kFloat32);
  return (centres.unsqueeze(1) + random.normal({clusters, each, dim}, torch::kFloat32)).reshape({-1, dim});
}

TEST(KMeans, NearestCentresAreExactAlsoInFloat32FarFromTheOrigin) {
  SampleRandom random(1);
  for (const double offset : {0.0, 100.0}) {
    for (const int64_t dim : {1, 2, 40}) {
      const auto points = (random.normal({3000, dim}, torch::kFloat64) * 0.1 + offset).to(torch::kFloat32);
      const auto centres = random.normal({30, dim}, torch::kFloat64) * 0.1 + offset;
      EXPECT_TRUE(nearest_centres(points, centres).equal(plain_nearest(points, centres))) << offset << " " << dim;
    }
  }
}

TEST(KMeans, EqualDistancesGoToTheLowerIndex) {
  const auto centres = torch::tensor({{1.0}, {-1.0}, {1.0}}, torch::kFloat64);
  const auto points = torch::tensor({{0.0f}, {0.5f}, {-0.5f}});
  EXPECT_TRUE(nearest_centres(points, centres).equal(torch::tensor({0, 0, 1}, torch::kInt64)));
}

TEST(KMeans, FindsSeparatedBlobsAndReportsTheirMeans) {
  const auto points = blobs(8, 50, 6);
  const auto result = kmeans(points, {.clusters = 8, .seed = 3});
  EXPECT_TRUE(result.converged);
  EXPECT_TRUE(result.counts.equal(torch::full({8}, 50, torch::kInt64)));
  double inertia = 0;
  for (int64_t k = 0; k < 8; ++k) {
    const auto mine = points.index_select(0, (result.assignment == k).nonzero().squeeze(1)).to(torch::kFloat64);
    EXPECT_LE(test::deviation(result.centres[k], mine.mean(0)), 1e-13);
    inertia += (mine - mine.mean(0)).square().sum().item<double>();
  }
  EXPECT_NEAR(result.inertia, inertia, 1e-9 * inertia);
}

TEST(KMeans, DependsOnTheSeedAndNotOnTheThreads) {
  const auto points = SampleRandom(9).normal({4000, 20}, torch::kFloat32);
  const int before = at::get_num_threads();
  at::set_num_threads(1);
  const auto alone = kmeans(points, {.clusters = 25, .seed = 1, .max_iterations = 8});
  at::set_num_threads(4);
  const auto together = kmeans(points, {.clusters = 25, .seed = 1, .max_iterations = 8});
  at::set_num_threads(before);
  EXPECT_TRUE(alone.assignment.equal(together.assignment));
  EXPECT_TRUE(alone.centres.equal(together.centres));
  const auto other = kmeans(points, {.clusters = 25, .seed = 2, .max_iterations = 8});
  EXPECT_FALSE(alone.assignment.equal(other.assignment));
}

TEST(KMeans, NoClusterStaysEmptyWhileThereArePointsForIt) {
  // Two far groups of near-duplicates: most first centres end up without points.
  auto points = torch::cat({torch::zeros({50, 2}), torch::ones({50, 2})});
  points += 1e-3 * SampleRandom(2).normal({100, 2}, torch::kFloat32);
  for (const uint64_t seed : {0, 1, 2, 3}) {
    const auto result = kmeans(points, {.clusters = 40, .seed = seed});
    EXPECT_GT(result.counts.min().item<int64_t>(), 0) << seed;
    EXPECT_EQ(result.counts.sum().item<int64_t>(), 100);
  }
}

TEST(KMeans, FewerDistinctPointsThanClustersLeavesClustersEmpty) {
  const auto points = torch::tensor({{0.0f}, {0.0f}, {1.0f}, {1.0f}});
  const auto result = kmeans(points, {.clusters = 3});
  EXPECT_EQ(result.inertia, 0);
  EXPECT_EQ((result.counts > 0).sum().item<int64_t>(), 2);
  EXPECT_TRUE(result.centres.isfinite().all().item<bool>());
}

TEST(KMeans, OneClusterIsTheMeanAndNClustersAreThePoints) {
  const auto points = SampleRandom(4).normal({12, 3}, torch::kFloat32);
  const auto one = kmeans(points, {.clusters = 1});
  EXPECT_LE(test::deviation(one.centres[0], points.to(torch::kFloat64).mean(0)), 1e-13);
  const auto all = kmeans(points, {.clusters = 12});
  EXPECT_EQ(all.inertia, 0);
  EXPECT_TRUE(all.counts.equal(torch::ones({12}, torch::kInt64)));
}

TEST(KMeans, WrongOptionsAreNamed) {
  const auto points = torch::zeros({5, 2});
  const auto message = [&](const KMeansOptions& options) {
    const auto error = test::error_of([&] { kmeans(points, options); });
    return error ? std::string(error->what()) : "";
  };
  EXPECT_NE(message({.clusters = 6}).find("6 clusters for 5 data points"), std::string::npos);
  EXPECT_NE(message({.clusters = 0}).find("clusters is 0"), std::string::npos);
  EXPECT_NE(message({.clusters = 2, .max_iterations = 0}).find("max_iterations"), std::string::npos);
  EXPECT_NE(message({.clusters = 2, .tolerance = 1}).find("tolerance"), std::string::npos);
}

TEST(KMeans, AnyNumberOfRanksGivesTheBitsOfOne) {
  const auto spread = SampleRandom(9).normal({2600, 5}, torch::kFloat32);        // five parts
  auto crowded = torch::cat({torch::zeros({1200, 2}), torch::ones({1200, 2})});  // most centres begin without points
  crowded += 1e-3 * SampleRandom(2).normal({2400, 2}, torch::kFloat32);
  for (const auto& points : {spread, crowded}) {
    const KMeansOptions options{.clusters = 40, .seed = 1, .max_iterations = 6};
    const auto one = kmeans(points, options);
    for (const int size : {2, 3, 7}) {
      test::run_ranks(size, [&](Comm& comm) {
        const auto shared = kmeans(points, options, comm);
        EXPECT_TRUE(shared.centres.equal(one.centres)) << size;
        EXPECT_TRUE(shared.assignment.equal(one.assignment)) << size;
        EXPECT_TRUE(shared.counts.equal(one.counts)) << size;
        EXPECT_EQ(shared.inertia, one.inertia) << size;
        EXPECT_EQ(shared.iterations, one.iterations) << size;
      });
    }
  }
}

TEST(KMeans, StopsOnASignal) {
  set_interrupted(true);
  const auto error = test::error_of([] { kmeans(torch::ones({5, 2}), {.clusters = 2}); });
  set_interrupted(false);
  EXPECT_EQ(error->code(), ExitCode::kInterrupted);
}

}  // namespace
}  // namespace farfield
