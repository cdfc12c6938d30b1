#include "models/analytic/truncated_delta.h"

#include <cmath>
#include <tuple>

#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include "core/data/source.h"
#include "core/math/random.h"
#include "models/analytic/candidate_bounds.h"
#include "models/registry/model_registry.h"
#include "tests/support/normals.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

using torch::Tensor;

// Points of a decaying spectrum, float32 [n, d], as images have; every tenth twice.
Tensor cloud(int64_t count, int64_t dim, int64_t seed) {
  const Tensor scale = torch::pow(torch::arange(1, dim + 1, torch::kFloat64), -0.7);
  Tensor points = test::normals({count, dim}, seed) * scale;
  for (int64_t i = 10; i < count; i += 10) points[i] = points[i - 10];
  return points.to(torch::kFloat32);
}

const CandidateReader& reader_of(const Denoiser& denoiser) { return dynamic_cast<const CandidateReader&>(denoiser); }

// Share of the exact posterior that the points further than the kept ones have: by all distances in float64.
struct Trial {
  Tensor points, x;
  double sigma;
};
Trial random_trial(int64_t number) {
  SplitMix64 random(mix_key({77, static_cast<uint64_t>(number)}));
  const int64_t count = 20 + static_cast<int64_t>(random.below(400)), dim = 1 + static_cast<int64_t>(random.below(96));
  const Tensor points = cloud(count, dim, number);
  const double sigma = std::pow(10, random.between(-3, 1));
  const Tensor near = points[static_cast<int64_t>(random.below(static_cast<uint64_t>(count)))].to(torch::kFloat64);
  return {points, (near + sigma * test::normals({3, dim}, number + 5000)), sigma};
}

// 1,000 random trials: |D - exact| <= epsilon times the largest distance, and log p likewise; in most of them points were left
// out.
TEST(TruncatedDelta, CertificateIsNeverViolated) {
  int left_out = 0;
  double closest = 0;
  for (int64_t number = 0; number < 1000; ++number) {
    const Trial trial = random_trial(number);
    const double epsilon = std::pow(10, -1 - static_cast<double>(number % 7));
    const std::vector<int64_t> shape = {trial.points.size(1)};
    const auto truncated = make_truncated_delta(trial.points, shape, {.epsilon = epsilon});
    const auto exact = make_delta(trial.points.to(torch::kFloat64), shape);
    const Tensor wide = trial.points.to(torch::kFloat64);
    const double reach = torch::cdist(wide, wide).max().item<double>();
    const Tensor apart = ((*truncated)(trial.x, trial.sigma) - (*exact)(trial.x, trial.sigma)).norm(2, {1});
    const double rounding = 1e-11 * (1 + wide.abs().max().item<double>());
    ASSERT_LE(apart.max().item<double>(), epsilon * reach + rounding) << number;
    const Tensor missing = exact->log_density(trial.x, trial.sigma) - truncated->log_density(trial.x, trial.sigma);
    ASSERT_LE(missing.max().item<double>(), -std::log1p(-epsilon) + 1e-10) << number;
    ASSERT_GE(missing.min().item<double>(), -1e-10) << number;
    closest = std::max(closest, apart.max().item<double>() / (epsilon * reach));
    const CandidateReading reading = reader_of(*truncated).reading();
    EXPECT_EQ(reading.queries, 6);
    EXPECT_EQ(reading.dropped, epsilon);
    EXPECT_GE(reading.reach, reach * (1 - 1e-6));
    left_out += reading.read < reading.queries * reading.points ? 1 : 0;
  }
  EXPECT_GT(left_out, 300);
  EXPECT_GT(closest, 1e-6) << "no trial came near the bound: it would not be seen to be violated";
}

TEST(TruncatedDelta, BoundsAreBelowTheDistances) {
  for (const int64_t dim : {1, 7, 64, 300}) {
    const Tensor points = cloud(500, dim, dim), wide = points.to(torch::kFloat64), centre = wide.mean(0);
    const Tensor x = torch::cat({wide.narrow(0, 0, 5), wide.narrow(0, 0, 20) + 3 * test::normals({20, dim}, 2),
                                 1e3 * test::normals({5, dim}, 3)});
    const Tensor distances = torch::cdist(x, wide, 2, 2).square();
    for (const bool rest : {true, false}) {
      const Tensor basis = leading_directions(points, centre, 16);
      EXPECT_LE(test::deviation(torch::mm(basis.t(), basis), torch::eye(basis.size(1), torch::kFloat64)), 1e-13);
      const auto squares = CandidateBounds(points, basis, centre, rest).squares(x);
      const Tensor lower = squares.lower.to(torch::kFloat64) - squares.slack.unsqueeze(1);
      EXPECT_LE((lower - distances * (1 + 1e-12)).max().item<double>(), 1e-12) << dim << rest;
      EXPECT_LE((squares.slack / x.square().sum(1).add(points.square().sum(1).max())).max().item<double>(), 1e-4);
    }
  }
}

// On data with few directions that matter hardly any point is read at low noise; every way the same D.
TEST(TruncatedDelta, ReadsFewPointsAtLowNoise) {
  const Tensor points = cloud(3000, 200, 4);
  const Tensor x = points.narrow(0, 0, 40).to(torch::kFloat64) + 0.01 * test::normals({40, 200}, 1);
  const auto truncated = make_truncated_delta(points, {200}, {.epsilon = 1e-6});
  const auto exact = make_delta(points, {200});
  EXPECT_LE(test::deviation((*truncated)(x, 0.01), (*exact)(x, 0.01)), 1e-6);
  const CandidateReading low = reader_of(*truncated).reading();
  EXPECT_LT(low.read, low.queries * low.points / 20);
  EXPECT_LE(test::deviation((*truncated)(x, 50.0), (*exact)(x, 50.0)), 1e-12);
  EXPECT_EQ(reader_of(*truncated).reading().read, low.read + 40 * 3000);  // all of them
  EXPECT_NE(in_words(low).find("of 3000 points a state"), std::string::npos) << in_words(low);
}

TEST(TruncatedDelta, NearestNeighboursAreThose) {
  const Tensor points = cloud(300, 30, 6), wide = points.to(torch::kFloat64);
  const Tensor x = wide.narrow(0, 0, 12) + 0.3 * test::normals({12, 30}, 1);
  for (const int64_t neighbours : {1, 7, 300, 1000}) {
    const auto truncated = make_truncated_delta(points, {30}, {.neighbours = neighbours});
    const Tensor squares = torch::cdist(x, wide, 2, 2).square();
    for (const double sigma : {0.05, 1.0}) {
      const int64_t kept = std::min<int64_t>(neighbours, 300);
      const Tensor index = squares.argsort(/*stable=*/true, 1, false).narrow(1, 0, kept);
      const Tensor weights = (squares.gather(1, index) / (-2 * sigma * sigma)).softmax(1);
      const Tensor expected = torch::bmm(weights.unsqueeze(1),
                                         wide.index_select(0, index.flatten()).reshape({12, kept, 30}));
      EXPECT_LE(test::deviation((*truncated)(x, sigma), expected.squeeze(1)), 1e-10) << neighbours << " " << sigma;
    }
    const double dropped = reader_of(*truncated).reading().dropped;
    if (neighbours >= 300) {
      EXPECT_EQ(dropped, 0);
    } else {
      EXPECT_GT(dropped, 0);
      EXPECT_LE(dropped, 1);
    }
  }
}

// Sums over all points are right on average over seeds, within four standard errors that are well above 0, whether points stand
// for others or are drawn; with all others, or with many draws, D is the exact one.
TEST(TruncatedDelta, EstimatesAreRightOnAverage) {
  const Tensor points = cloud(200, 12, 7), x = points.narrow(0, 3, 2).to(torch::kFloat64) + 0.3;
  const double sigma = 0.5;
  const auto exact = make_delta(points, {12});
  const Tensor density = exact->log_density(x, sigma);
  for (const Truncation& truncation :
       {Truncation{.neighbours = 5, .uniform = 10}, Truncation{.neighbours = 5, .draws = 20}}) {
    std::vector<Tensor> ratios;
    for (uint64_t seed = 0; seed < 400; ++seed) {
      const auto estimate = make_truncated_delta(points, {12}, truncation, seed);
      ratios.push_back((estimate->log_density(x, sigma) - density).exp());
    }
    const Tensor all = torch::stack(ratios);
    const Tensor error = all.std(0) / 20;
    EXPECT_GT(error.min().item<double>(), 1e-5);
    EXPECT_LE(((all.mean(0) - 1).abs() / error).max().item<double>(), 4) << truncation.draws;
  }
  const auto all = make_truncated_delta(points, {12}, {.neighbours = 5, .uniform = 195});
  EXPECT_LE(test::deviation((*all)(x, sigma), (*exact)(x, sigma)), 1e-12);
  const auto many = make_truncated_delta(points, {12}, {.neighbours = 5, .draws = 400000});
  const auto few = make_truncated_delta(points, {12}, {.neighbours = 5, .draws = 4});
  EXPECT_LE(test::deviation((*many)(x, sigma), (*exact)(x, sigma)), 5e-3);
  EXPECT_GE(test::deviation((*few)(x, sigma), (*exact)(x, sigma)), 5e-3);
}

TEST(TruncatedDelta, DrawsBelongToTheState) {
  const Tensor points = cloud(300, 9, 5),
               x = points.narrow(0, 0, 6).to(torch::kFloat64) + 0.2 * test::normals({6, 9}, 3);
  const auto one = make_truncated_delta(points, {9}, {.neighbours = 4, .draws = 30}, 1);
  const auto other = make_truncated_delta(points, {9}, {.neighbours = 4, .draws = 30}, 2);
  const Tensor together = (*one)(x, 0.7);
  EXPECT_TRUE(torch::equal((*one)(x.narrow(0, 2, 1), 0.7), together.narrow(0, 2, 1)));
  EXPECT_FALSE(torch::equal((*other)(x, 0.7), together));
  EXPECT_TRUE(std::isnan(reader_of(*one).reading().dropped));
}

// By its definition, with all of the pool: screened by 2 x 2 means, then by all numbers.
TEST(TruncatedDelta, GoldenSubsetIsThatOfItsDefinition) {
  const GoldenSizes low = golden_sizes(1000, 1e-9), high = golden_sizes(1000, 1e9);
  EXPECT_EQ(std::tuple(low.pool, low.screened, low.weighed), std::tuple(1000, 100, 50));
  EXPECT_EQ(std::tuple(high.pool, high.screened, high.weighed), std::tuple(100, 100, 100));
  const Tensor points = cloud(200, 36, 8), images = points.to(torch::kFloat64).reshape({200, 1, 6, 6});
  const Tensor x = images.narrow(0, 0, 9) + 0.05 * test::normals({9, 1, 6, 6}, 1);
  const double sigma = 1e-9;  // the pool is all of the points, so that their order does not matter
  const auto golden = make_truncated_delta(points, {1, 6, 6}, {.golden = true});
  const auto halved = [](const Tensor& full) { return torch::avg_pool2d(full, 2).flatten(1); };
  const Tensor screened =
      torch::cdist(halved(x), halved(images), 2, 2).argsort(/*stable=*/true, 1, false).narrow(1, 0, 20);
  const Tensor distances = torch::cdist(x.flatten(1), images.flatten(1), 2, 2).gather(1, screened);
  const Tensor nearest = screened.gather(1, distances.argmin(1, /*keepdim=*/true)).squeeze(1);
  EXPECT_LE(test::deviation((*golden)(x, sigma), images.index_select(0, nearest)), 1e-12);
  EXPECT_EQ(reader_of(*golden).reading().read, 9 * 20);
  EXPECT_TRUE(std::isnan(reader_of(*golden).reading().dropped));
}

// (dD/dx) v by differences, of states that read few points and of states that read all.
TEST(TruncatedDelta, KnowsItsJacobian) {
  const Tensor points = cloud(400, 20, 9);
  const auto truncated = make_truncated_delta(points, {20}, {.epsilon = 1e-12});
  const Tensor x = points.narrow(0, 0, 6).to(torch::kFloat64) + 0.1 * test::normals({6, 20}, 1),
               v = test::normals({6, 20}, 2);
  for (const double sigma : {0.05, 0.3, 5.0}) {
    const double step = 1e-5 * sigma;
    const Tensor slope = ((*truncated)(x + step * v, sigma) - (*truncated)(x - step * v, sigma)) / (2 * step);
    const auto pulled = truncated->vector_jacobian(x, sigma, v);
    EXPECT_LE(test::deviation(pulled.product, slope), 1e-5 * (1 + slope.abs().max().item<double>())) << sigma;
    EXPECT_LE(test::deviation(pulled.denoised, (*truncated)(x, sigma)), 1e-14) << sigma;
  }
}

TEST(TruncatedDelta, DoesNotDependOnBatchOrThreads) {
  const Tensor points = cloud(2000, 40, 10);
  const auto truncated = make_truncated_delta(points, {40}, {.epsilon = 1e-6});
  const Tensor x = points.narrow(0, 0, 30).to(torch::kFloat64) + 0.1 * test::normals({30, 40}, 1);
  const int before = at::get_num_threads();
  for (const double sigma : {0.01, 0.1, 3.0}) {
    const Tensor together = (*truncated)(x, sigma);
    for (const int64_t i : {0, 7, 29})
      EXPECT_LE(test::deviation((*truncated)(x.narrow(0, i, 1), sigma), together.narrow(0, i, 1)), 1e-13) << sigma;
    at::set_num_threads(3);
    EXPECT_LE(test::deviation((*truncated)(x, sigma), together), 1e-13) << sigma;
    at::set_num_threads(before);
  }
}

TEST(TruncatedDelta, OfOddDataIsExact) {
  const Tensor x = test::normals({4, 5}, 1);
  for (const Tensor& points : {cloud(1, 5, 1), torch::ones({50, 5}), torch::zeros({50, 5}), cloud(9, 5, 2)}) {
    const auto exact = make_delta(points, {5});
    for (const double sigma : {1e-8, 1e-3, 1.0, 1e8}) {
      for (const Truncation& truncation : {Truncation{.epsilon = 1e-6}, Truncation{.neighbours = 1000}}) {
        const auto truncated = make_truncated_delta(points, {5}, truncation);
        EXPECT_LE(test::deviation((*truncated)(x, sigma), (*exact)(x, sigma)), 1e-6) << points.size(0) << " " << sigma;
      }
    }
  }
}

TEST(TruncatedDelta, IsAnOptionOfDelta) {
  const auto data = std::make_shared<DataSource>("points", cloud(60, 36, 3).reshape({60, 1, 6, 6}), Tensor(), 0);
  const std::pair<const char*, const char*> named[] = {
      {"delta", "delta"},
      {"delta,epsilon=1e-6", "delta (epsilon 1e-06)"},
      {"delta,neighbours=7", "delta (7 neighbours)"},
      {"delta,neighbours=7,uniform=9", "delta (7 neighbours, 9 others)"},
      {"delta,neighbours=7,draws=9", "delta (7 neighbours, 9 draws)"},
      {"delta,golden=yes", "delta (golden subset)"},
      {"delta,golden=no", "delta"}};
  for (const auto& [model, name] : named) EXPECT_EQ(open_model(model, {.data = data})->info().name, name);
  for (const char* refused :
       {"delta,epsilon=0", "delta,epsilon=1", "delta,neighbours=0", "delta,epsilon=0.1,neighbours=2", "delta,uniform=3",
        "delta,draws=3", "delta,neighbours=2,uniform=3,draws=3", "delta,golden=maybe", "delta:moons,golden=yes"}) {
    const auto error = test::error_of([&] { open_model(refused, {.data = data}); });
    ASSERT_TRUE(error) << refused;
    EXPECT_EQ(error->code(), ExitCode::kUsage) << error->what();
  }
}

}  // namespace
}  // namespace farfield
