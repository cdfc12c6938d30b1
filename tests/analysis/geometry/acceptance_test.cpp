// Values that are known beforehand: of a Gaussian in three dimensions, of Gaussians in general, and of CIFAR-10's.
#include <cmath>

#include <gtest/gtest.h>

#include "analysis/geometry/closed_form_path.h"
#include "analysis/geometry/forward_process.h"
#include "analysis/geometry/path_geometry.h"
#include "models/analytic/analytic.h"
#include "models/analytic/fit.h"
#include "tests/analysis/geometry/document_path.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

using test::diagonal_gaussian;
using test::document_levels;
using test::largest;
using test::least;
using test::three_dimensional_path;
using test::value_at;
using test::value_of;
using torch::Tensor;

TEST(GeometryAcceptance, DeviationInThreeDimensions) {
  const Arrays measured = measure_geometry(three_dimensional_path());
  EXPECT_NEAR(value_of(measured, "endpoint_distance"), 122.4821107998, 1e-9);
  const std::vector<std::pair<int64_t, double>> deviations = {
      {0, 0}, {25, 0.9396888809}, {50, 0.8027717438}, {75, 0.1113457021}, {100, 0}, {35, 1.0073313559}};
  for (const auto& [n, value] : deviations) EXPECT_NEAR(value_at(measured, "deviation", n), value, 1e-9) << n;
  EXPECT_EQ(largest(measured.at("deviation")[0]).at, 35);
  EXPECT_NEAR(largest(measured.at("deviation")[0]).value / value_of(measured, "endpoint_distance"), 0.00822431, 1e-8);
  EXPECT_NEAR(value_of(measured, "endpoint_distance_d"), 1.4830098166, 1e-9);
  EXPECT_NEAR(largest(measured.at("deviation_d")[0]).value, 0.1182723647, 1e-9);
  EXPECT_EQ(largest(measured.at("deviation_d")[0]).at, 56);
}

TEST(GeometryAcceptance, AnglesAndLengthInThreeDimensions) {
  const Arrays measured = measure_geometry(three_dimensional_path());
  EXPECT_NEAR(least(measured.at("cos_end")[0]).value, 0.9876477582, 1e-9);
  EXPECT_EQ(least(measured.at("cos_end")[0]).at, 53);
  EXPECT_NEAR(least(measured.at("cos_step")[0]).value, 0.9997894027, 1e-9);
  EXPECT_NEAR(value_of(measured, "step_turning"), 0.7003127966, 1e-9);
  EXPECT_NEAR(value_of(measured, "length"), 122.6217914769, 1e-9);
  // The limit of fine steps. The angles leave out half of the first and of the last step.
  const Arrays fine = measure_geometry(three_dimensional_path(400));
  EXPECT_NEAR(value_of(fine, "step_turning"), 0.7006651432, 1e-4);
  EXPECT_NEAR(value_of(fine, "total_turning"), 0.7006651432, 1e-4);
  EXPECT_NEAR(value_of(fine, "length"), 122.6218486, 1e-5);
}

TEST(GeometryAcceptance, PrincipalComponentsInThreeDimensions) {
  const Arrays measured = measure_geometry(three_dimensional_path());
  const Tensor explained = measured.at("explained")[0], errors = measured.at("reconstruction")[0].mean(1),
               eigenvalues = measured.at("eigenvalues")[0];
  EXPECT_NEAR(explained[0].item<double>(), 0.9936066441, 1e-9);
  EXPECT_NEAR(explained[1].item<double>(), 1, 1e-12);
  EXPECT_NEAR(errors[0].item<double>(), 0.4915906455, 1e-9);
  EXPECT_NEAR(errors[1].item<double>(), 0.0262744236, 1e-9);
  EXPECT_LT(measured.at("reconstruction")[0][2].max().item<double>(), 1e-12);
  EXPECT_NEAR(eigenvalues[0].item<double>(), 0.1453794343, 1e-9);
  EXPECT_NEAR(eigenvalues[1].item<double>(), 0.0009354431, 1e-9);
}

// r' = b sigma / q, r'' = b lambda / q^3, r''' = -3 b lambda sigma / q^5, b = c / sqrt(sigma_T^2 + lambda), q^2 =
// sigma^2 + lambda.
TEST(GeometryAcceptance, CurvatureAndTorsionInThreeDimensions) {
  const std::vector<double> sigmas = {20, 5, 2, 1, 0.5, 0.1};
  const std::vector<double> curvatures = {1.35319057e-4,  7.370800215e-3, 5.8726701131e-2,
                                          0.142065951966, 0.273713413834, 0.642236133107};
  const std::vector<double> torsions = {4.1193668e-5,   2.767618292e-3, 5.0481921338e-2,
                                        0.405807465563, 1.049345857196, 0.295564083266};
  const auto exact = [](double sigma) {
    const Tensor lambda = torch::tensor({4., 0.25, 0.}, torch::kFloat64), q = (lambda + sigma * sigma).sqrt();
    const Tensor b = torch::tensor({60., -40., 100.}, torch::kFloat64) / (lambda + 80. * 80).sqrt();
    const Tensor r1 = b * sigma / q, r2 = b * lambda / q.pow(3), r3 = -3 * b * lambda * sigma / q.pow(5);
    const auto dot = [](const Tensor& x, const Tensor& y) { return (x * y).sum().item<double>(); };
    const Tensor bend = r2 - dot(r1, r2) / dot(r1, r1) * r1;
    const double g2 = dot(r1, r1) * dot(bend, bend);
    return std::pair{std::sqrt(g2) / std::pow(dot(r1, r1), 1.5),
                     std::fabs(at::linalg_det(torch::stack({r1, bend, r3})).item<double>()) / g2};
  };
  for (size_t i = 0; i < sigmas.size(); ++i) {
    EXPECT_NEAR(exact(sigmas[i]).first, curvatures[i], 5e-9 * curvatures[i]);
    EXPECT_NEAR(exact(sigmas[i]).second, torsions[i], 1e-6 * torsions[i]);
  }
  for (const auto& [steps, of_curvature, of_torsion] : {std::tuple{100, 0.005, 0.09}, std::tuple{400, 0.0003, 0.006}}) {
    const Arrays measured = measure_geometry(three_dimensional_path(steps));
    const std::vector<double> levels = document_levels(steps);
    int compared = 0;
    for (int64_t n = 0; n < steps; ++n) {
      if (levels[n] <= 0.02 || levels[n] >= 40) continue;
      const auto [curvature, torsion] = exact(levels[n]);
      EXPECT_NEAR(value_at(measured, "curvature", n), curvature, of_curvature * curvature) << levels[n];
      EXPECT_NEAR(value_at(measured, "torsion", n), torsion, of_torsion * torsion) << levels[n];
      ++compared;
    }
    EXPECT_GT(compared, steps / 2);
  }
}

// A path lives in the span of as many vectors as the Gaussian has distinct eigenvalues, its mean in their span.
TEST(GeometryAcceptance, DistinctEigenvaluesAreDimensions) {
  for (size_t distinct = 2; distinct <= 4; ++distinct) {
    std::vector<double> variances;
    for (size_t i = 0; i < 12; ++i) variances.push_back(std::pow(5.0, -static_cast<double>(i % distinct)));
    torch::manual_seed(static_cast<uint64_t>(distinct));
    const Path path = gaussian_path(diagonal_gaussian(variances), 80 * torch::randn({3, 12}, torch::kFloat64),
                                    document_levels());
    const Tensor errors = measure_geometry(path).at("reconstruction");  // [B, 5, L]
    const auto worst = [&](size_t dimensions) {
      return errors.select(1, static_cast<int64_t>(dimensions) - 1).max().item<double>();
    };
    EXPECT_LT(worst(distinct), 1e-11) << distinct;
    EXPECT_GT(worst(distinct - 1), 1e-3) << distinct;
  }
}

TEST(GeometryAcceptance, IsotropicGaussiansAreStraight) {
  for (const int64_t size : {1, 2, 600}) {
    torch::manual_seed(static_cast<uint64_t>(size));
    const Path path = rotated_gaussian_path(diagonal_gaussian(std::vector<double>(size, 0.7)),
                                            80 * torch::randn({2, size}, torch::kFloat64), document_levels());
    const Arrays measured = measure_geometry(path);
    const double scale = 80 * std::sqrt(static_cast<double>(size));
    EXPECT_LE(measured.at("deviation").max().item<double>(), 1e-12 * scale);
    EXPECT_LE(measured.at("deviation_d").nan_to_num(0).max().item<double>(), 1e-12 * scale);
    for (const char* name : {"cos_end", "cos_step"}) EXPECT_NEAR(least(measured.at(name)).value, 1, 1e-12) << name;
    EXPECT_TRUE(measured.at("explained").isnan().all().item<bool>());
    EXPECT_TRUE(measured.at("torsion").isnan().all().item<bool>());
    EXPECT_LE(measured.at("total_turning").max().item<double>(), 1e-6);
    EXPECT_LE(measured.at("across").abs().max().item<double>(), 1e-12 * scale);
  }
}

TEST(GeometryAcceptance, TwoEigenvaluesAreAPlane) {
  torch::manual_seed(2);
  const Path path = gaussian_path(diagonal_gaussian({1, 0.1, 1, 0.1}), 80 * torch::randn({2, 4}, torch::kFloat64),
                                  document_levels());
  const Arrays measured = measure_geometry(path);
  EXPECT_GT(measured.at("across").select(2, 0).abs().max().item<double>(), 0.1);
  EXPECT_LE(measured.at("across").select(2, 1).abs().max().item<double>(), 1e-11);
  // Below, r' and r'' are so nearly along each other that the rounding of D shows.
  EXPECT_LE(measured.at("torsion").narrow(1, 0, 50).nan_to_num(0).max().item<double>(), 1e-6);
}

// sigma_0 sqrt(d) and its spread sigma_0 / sqrt(2) (for d = 3072: 4434.05 and 56.57).
TEST(GeometryAcceptance, TheNormOfNoise) {
  const DenoiserInfo model{.name = "images", .sample_shape = {3, 32, 32}};
  SampleRequest request;
  for (int64_t i = 0; i < 256; ++i) request.seeds.push_back(i);
  request.levels = {80, 1};
  const Tensor norms = path_start(request, model, {0, 256}).x.flatten(1).norm(2, 1);
  EXPECT_NEAR(norms.mean().item<double>(), 4434.05, 4 * 56.57 / 16);
  EXPECT_NEAR(norms.std().item<double>(), 56.57, 4 * 56.57 / std::sqrt(512));
}

TEST(GeometryAcceptance, TheNormsOfMnist) {
  const auto folder = test::data_dir();
  if (!folder) GTEST_SKIP() << "no data (set FARFIELD_DATA)";
  const auto data = open_data("mnist:" + (*folder / "mnist").string() + ",pad=32");
  double sum = 0, squares = 0;
  for_each_rows(*data, [&](const Tensor& rows) {
    const Tensor norms = rows.norm(2, 1);
    sum += norms.sum().item<double>();
    squares += norms.square().sum().item<double>();
  });
  const auto count = static_cast<double>(data->info().count);
  EXPECT_NEAR(sum / count, 31.07, 0.005);
  EXPECT_NEAR(std::sqrt(squares / count - sum * sum / count / count), 0.22, 0.005);
  EXPECT_NEAR(mean_square_norm(*data), squares / count, 1e-9 * squares / count);
}

}  // namespace
}  // namespace farfield
