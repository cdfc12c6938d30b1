#include "models/smoothing/smoothing_denoisers.h"

#include <cmath>

#include <gtest/gtest.h>

#include "core/data/source.h"
#include "models/analytic/analytic.h"
#include "models/registry/model_registry.h"
#include "models/smoothing/line_means.h"
#include "models/smoothing/line_smoothing.h"
#include "tests/support/golden_analysis.h"
#include "tests/support/normals.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

using torch::Tensor;

std::unique_ptr<Denoiser> open_on(const std::string& model, const Tensor& points) {
  std::vector<int64_t> shape(points.sizes().begin() + 1, points.sizes().end());
  return open_model(model, {.data = std::make_shared<DataSource>("points", points.to(torch::kFloat32), Tensor(), 0)});
}

Tensor column(const std::vector<double>& values) { return torch::tensor(values, torch::kFloat64).unsqueeze(1); }

LineData line_at(const std::vector<double>& points) { return *line_of(column(points)); }

TEST(SmoothingDenoisersGolden, golden_smoothing_in_space) {
  const auto cases = test::analysis_cases("smoothing");
  if (cases.empty()) GTEST_SKIP() << "no golden vectors: set FARFIELD_GOLDEN_ANALYSIS";
  int checked = 0;
  for (const auto& golden : cases) {
    if (golden.id.find("cube") == std::string::npos) continue;
    const Tensor y = golden.inputs.at("y"), x = golden.inputs.at("x");
    const double t = golden.params.at("t"), tau = golden.params.at("tau");
    const bool drawn = golden.inputs.count("offsets") != 0;
    const auto denoiser = drawn ? make_smoothed_cloud(y, golden.inputs.at("offsets") * tau, "smoothed", {y.size(1)})
                                : make_smoothed_line(*line_of(y), {.tau = tau}, "smoothed", {y.size(1)});
    test::expect_golden(golden, "smoothed", score(*denoiser, x, std::sqrt(t)));
    ++checked;
  }
  EXPECT_EQ(checked, 2);
}

// The same on a line, against the cases of one dimension: the whole set of them, through D.
TEST(SmoothingDenoisersGolden, golden_smoothing_scores_through_d) {
  const auto cases = test::analysis_cases("smoothing");
  if (cases.empty()) GTEST_SKIP() << "no golden vectors: set FARFIELD_GOLDEN_ANALYSIS";
  for (const auto& golden : cases) {
    if (golden.kind != "scores" || golden.inputs.count("tau") == 0) continue;
    const LineData line = *line_of(golden.inputs.at("y").unsqueeze(1));
    const Tensor x = golden.inputs.at("x").unsqueeze(1), times = golden.inputs.at("t"), taus = golden.inputs.at("tau");
    for (int64_t i = 0; i < times.numel(); ++i) {
      for (int64_t j = 0; j < taus.numel(); ++j) {
        const double sigma = std::sqrt(times[i].item<double>()), tau = taus[j].item<double>();
        const auto smoothed = make_smoothed_line(line, {.tau = tau}, "smoothed", {1});
        const auto piecewise = make_piecewise_line(line, even_grid(line, "piecewise"), {.tau = tau}, "piecewise", {1});
        const auto expect = [&](const Denoiser& denoiser, const char* output) {
          const Tensor expected = golden.outputs.at(output)[i][j];
          const double largest = golden.outputs.at(output)[i].abs().max().item<double>();
          EXPECT_LE(test::deviation(score(denoiser, x, sigma).squeeze(1), expected), golden.tolerance * largest)
              << golden.id << output << i << j;
        };
        expect(*smoothed, "smoothed");
        expect(*piecewise, "piecewise_smoothed");
      }
    }
  }
}

// Against 40,000 exact denoisers over [x - tau, x + tau]; D of the average is the average of D.
TEST(SmoothingDenoisers, OnALineAverageTheExactDenoiser) {
  const std::vector<double> points = {-1, -0.25, -0.25, 0.5, 1.5};  // one twice
  const auto exact = make_delta(column(points), {1});
  constexpr int64_t kPanels = 20000;
  for (const double sigma : {0.03, 0.2, 1.0, 30.0}) {
    for (const double tau : {1e-7, 0.05, 0.6}) {
      const auto smoothed = make_smoothed_line(line_at(points), {.tau = tau}, "smoothed", {1});
      for (const double x : {-1.3, -0.4, 0.125, 0.9, 4.0}) {
        const Tensor u = torch::linspace(x - tau, x + tau, 2 * kPanels + 1, torch::kFloat64).unsqueeze(1);
        Tensor weights = torch::full({2 * kPanels + 1, 1}, 2.0, torch::kFloat64);
        weights.slice(0, 1, {}, 2).fill_(4);
        weights[0] = weights[-1] = 1;
        const double expected = ((*exact)(u, sigma) * weights).sum().item<double>() / (6.0 * kPanels);
        const double got = (*smoothed)(torch::full({1, 1}, x, torch::kFloat64), sigma).item<double>();
        EXPECT_NEAR(got, expected, 1e-9) << sigma << " " << tau << " " << x;
      }
    }
  }
}

TEST(SmoothingDenoisers, OfFarPointsAndTinyNoiseAreFinite) {
  const std::vector<double> points = {-1, 0, 1};
  for (const auto& denoiser : {std::shared_ptr(make_smoothed_line(line_at(points), {.tau = 0.3}, "smoothed", {1})),
                               std::shared_ptr(make_piecewise_line(line_at(points), even_grid(line_at(points), ""),
                                                                   {.tau = 0.3}, "piecewise", {1}))}) {
    const Tensor x = column({-1e8, -0.5, -1e-9, 0, 0.5, 1e4, 1e8});
    for (double sigma = 1e-8; sigma < 1.1e8; sigma *= 100) {
      const Tensor denoised = (*denoiser)(x, sigma);
      EXPECT_TRUE(denoised.isfinite().all().item<bool>()) << sigma;
      EXPECT_LE(denoised.abs().max().item<double>(), 1.0 + 1e-9) << sigma;
    }
    // Far away in noise nothing but the mean is known: to rounding, though the score's terms cancel.
    if (denoiser->info().kind == "smoothed") {
      EXPECT_NEAR((*denoiser)(torch::full({1, 1}, 0.25, torch::kFloat64), 1e6).item<double>(), 0, 1e-11);
    }
  }
}

// A line in general position: what a rotation and a shift of the axis give.
TEST(SmoothingDenoisers, OnAnyLineAreThoseOfOneDimension) {
  const std::vector<double> places = {-1, -1.0 / 3, 1.0 / 3, 1};
  const Tensor direction = torch::tensor({2.0, -1.0, 2.0}, torch::kFloat64) / 3,
               origin = torch::tensor({1.0, 2.0, 0.0}, torch::kFloat64);
  const Tensor points = origin + column(places) * direction;
  const auto line = line_of(points);
  ASSERT_TRUE(line.has_value());
  const Tensor z = torch::linspace(-1.5, 1.5, 13, torch::kFloat64).unsqueeze(1);
  const Tensor off = test::normals({13, 3}, 3), across = off - (off * direction).sum(1, true) * direction;
  const Tensor x = origin + z * direction + 0.1 * across;
  for (const double sigma : {0.05, 0.4}) {
    const auto along = make_smoothed_line(line_at(places), {.tau = 0.2}, "smoothed", {1});
    const auto in_space = make_smoothed_line(*line, {.tau = 0.2}, "smoothed", {3});
    const Tensor expected = origin + (*along)(z, sigma) * direction;
    EXPECT_LE(test::deviation((*in_space)(x, sigma), expected), 1e-12) << sigma;
  }
  EXPECT_FALSE(line_of(points + 1e-6 * off[0] * torch::tensor({{0.0}, {1.0}, {0.0}, {0.0}}, torch::kFloat64)));
  EXPECT_TRUE(line_of(points.to(torch::kFloat32)));
  EXPECT_TRUE(line_of(torch::ones({3, 4})));
}

// 004, eq. 37, by brute force over 4000 widths; where points stand unevenly the widest average is not the least.
TEST(SmoothingDenoisers, OfTheLeastDirectionAreTheLeastAverage) {
  const std::vector<double> points = {-1, -0.6, 0.5, 1.5};
  const LineMeans means(points, {1, 1, 1, 1});
  int inside = 0, nothing = 0;
  for (const double t : {0.003, 0.05, 0.5}) {
    for (double x = -1.43; x < 2; x += 0.0497) {  // no point and no midpoint: D has kinks there
      constexpr double kTau = 0.5;
      double least = means.mean(x, t).denoised - x;
      const double side = least < 0 ? -1 : 1;
      least = std::abs(least);
      for (int i = 1; i <= 4000; ++i)
        least = std::min(least, side * (means.smoothed(x, t, kTau * i / 4000).denoised - x));
      const LineMean found = means.least_smoothed(x, t, kTau);
      EXPECT_NEAR(std::abs(found.denoised - x), std::max(least, 0.0), 1e-6) << t << " " << x;
      nothing += found.denoised == x;
      inside += found.denoised != x && std::abs(means.smoothed(x, t, kTau).denoised - found.denoised) > 1e-6;
      constexpr double kStep = 1e-6;
      const double slope = (means.least_smoothed(x + kStep, t, kTau).denoised -
                            means.least_smoothed(x - kStep, t, kTau).denoised) /
                           (2 * kStep);
      EXPECT_NEAR(found.slope, slope, 2e-3 * (1 + std::abs(slope))) << t << " " << x;
    }
  }
  EXPECT_GT(inside, 0);
  EXPECT_GT(nothing, 0);
}

// In the plane: no axes, so that turned data have the turned field; on a line, what is exact there; no direction is better.
TEST(SmoothingDenoisers, AlongDirectionsNeedNoAxes) {
  const Tensor cloud = test::normals({12, 2}, 1), x = test::normals({16, 2}, 2);
  const double c = std::cos(0.7), s = std::sin(0.7);
  const Tensor turn = torch::tensor({{c, s}, {-s, c}}, torch::kFloat64);
  for (const double sigma : {0.4, 1.5}) {
    const auto plain = make_directed_plane(cloud, 0.5, 8, "smoothed", {2});
    const auto turned = make_directed_plane(torch::matmul(cloud, turn), 0.5, 8, "smoothed", {2});
    const Tensor here = (*plain)(x, sigma);
    EXPECT_LE(test::deviation((*turned)(torch::matmul(x, turn), sigma), torch::matmul(here, turn)), 1e-5) << sigma;
    const Tensor length = (here - x).norm(2, 1);
    for (int i = 0; i < 30; ++i) {
      const double angle = 0.1047 * i;
      const Tensor direction = torch::tensor({{std::cos(angle), std::sin(angle)}}, torch::kFloat64);
      const Tensor offsets = torch::linspace(-0.5 * 7 / 8, 0.5 * 7 / 8, 8, torch::kFloat64).unsqueeze(1) * direction;
      const Tensor other = (*make_smoothed_cloud(cloud, offsets, "smoothed", {2}))(x, sigma);
      EXPECT_TRUE((length <= (other - x).norm(2, 1) + 1e-6).all().item<bool>()) << sigma << " " << angle;
    }
  }
  const Tensor points = column({-1, -0.25, 0.5}) * torch::tensor({{0.6, 0.8}}, torch::kFloat64);
  const auto line = make_directed_line(*line_of(points), {.tau = 0.3}, "smoothed", {2}),
             plane = make_directed_plane(points, 0.3, 48, "smoothed", {2});
  EXPECT_LE(test::deviation((*line)(x, 0.5), (*plane)(x, 0.5)), 5e-4);
  EXPECT_EQ(test::error_of([&] { plane->vector_jacobian(x, 0.5, x); })->code(), ExitCode::kUsage);
}

// (dD/dx) v by differences; symmetric where D is a gradient.
TEST(SmoothingDenoisers, KnowTheirJacobian) {
  const Tensor cloud = test::normals({9, 3}, 1);
  const std::vector<std::shared_ptr<Denoiser>> denoisers = {
      make_smoothed_line(*line_of(column({-1, 0, 1}) * torch::ones({1, 3})), {.tau = 0.4}, "smoothed", {3}),
      make_piecewise_line(*line_of(column({-1, 0, 1}) * torch::ones({1, 3})), {-1.7320508, 1.7320508, 3}, {.tau = 0.4},
                          "piecewise", {3}),
      make_smoothed_cloud(cloud, 0.3 * test::normals({4, 3}, 2), "smoothed", {3}),
      make_piecewise_cloud(cloud, 0.3 * test::normals({4, 3}, 2), "piecewise", {3})};
  const Tensor x = 0.7 * test::normals({6, 3}, 4), v = test::normals({6, 3}, 5);
  for (const auto& denoiser : denoisers) {
    for (const double sigma : {0.3, 2.0}) {
      constexpr double kStep = 1e-5;
      const Tensor slope = ((*denoiser)(x + kStep * v, sigma) - (*denoiser)(x - kStep * v, sigma)) / (2 * kStep);
      const auto pulled = denoiser->vector_jacobian(x, sigma, v);
      EXPECT_LE(test::deviation(pulled.product, slope), 1e-6) << denoiser->info().kind << sigma;
      EXPECT_LE(test::deviation(pulled.denoised, (*denoiser)(x, sigma)), 1e-13) << denoiser->info().kind;
    }
  }
}

TEST(SmoothingDenoisers, OfOneOffsetThatIsNoneAreTheExactOneAndTheNearestPoint) {
  const Tensor points = test::normals({30, 4}, 1), x = test::normals({8, 4}, 2), none = torch::zeros({1, 4});
  const auto exact = make_delta(points, {4});
  EXPECT_LE(test::deviation((*make_smoothed_cloud(points, none, "smoothed", {4}))(x, 0.7), (*exact)(x, 0.7)), 1e-15);
  const Tensor nearest = points.index_select(0, torch::cdist(x, points).argmin(1));
  EXPECT_LE(test::deviation((*make_piecewise_cloud(points, none, "piecewise", {4}))(x, 5.0), nearest), 1e-15);
}

// The text forms: names, which way is taken, seeds, and what is refused.
TEST(SmoothingDenoisers, AreOpenedByName) {
  const Tensor line = column({-1, -1.0 / 3, 1.0 / 3, 1}), uneven = column({-1, 0, 0.3}),
               cloud = test::normals({20, 2}, 1);
  EXPECT_EQ(open_on("smoothed,tau=0.2", line)->info().name, "smoothed (tau 0.2)");
  EXPECT_EQ(open_on("smoothed,kappa=0.4", line)->info().name, "smoothed (kappa 0.4)");
  EXPECT_EQ(open_on("smoothed,tau=0.2", uneven)->info().name, "smoothed (tau 0.2)");
  EXPECT_EQ(open_on("smoothed,tau=0.2,samples=4", cloud)->info().name, "smoothed (tau 0.2, 4 samples)");
  EXPECT_EQ(open_on("piecewise", cloud)->info().name, "piecewise");
  EXPECT_EQ(open_on("piecewise", uneven)->info().name, "piecewise");
  EXPECT_EQ(open_on("piecewise,kappa=0.4", line)->info().name, "piecewise (kappa 0.4)");
  EXPECT_EQ(open_on("piecewise,tau=0.1,samples=3", cloud)->info().name, "piecewise (tau 0.1, 3 samples)");
  const Tensor x = test::normals({5, 2}, 3);
  const auto drawn = [&](const std::string& options) {
    return (*open_on("smoothed,tau=0.5" + options, cloud))(x, 0.3);
  };
  EXPECT_TRUE(torch::equal(drawn(""), drawn(",samples=16,offsets=cube,offset_seed=0")));
  EXPECT_EQ(open_on("smoothed,tau=0.2,offsets=direction", line)->info().name, "smoothed (tau 0.2, least direction)");
  EXPECT_EQ(open_on("piecewise,kappa=0.4,offsets=direction", line)->info().name,
            "piecewise (kappa 0.4, least direction)");
  EXPECT_EQ(open_on("piecewise,tau=0.1,offsets=direction", cloud)->info().name,
            "piecewise (tau 0.1, 64 samples, least direction)");
  for (const char* other : {",samples=2", ",offsets=normal", ",offset_seed=1", ",offsets=direction"})
    EXPECT_FALSE(torch::equal(drawn(""), drawn(other)));
  const std::pair<const char*, Tensor> refused[] = {{"smoothed", line},
                                                    {"smoothed,tau=0", line},
                                                    {"smoothed,tau=0.1,kappa=0.1", line},
                                                    {"smoothed,kappa=1", cloud},
                                                    {"smoothed,tau=0.1,samples=2", line},
                                                    {"smoothed,kappa=1", uneven},
                                                    {"piecewise,tau=0.4", line},
                                                    {"piecewise,kappa=1", cloud},
                                                    {"piecewise,tau=0.1", uneven},
                                                    {"smoothed,tau=0.1,offsets=direction,samples=2", line},
                                                    {"smoothed,tau=0.1,offsets=direction,offset_seed=2", cloud},
                                                    {"smoothed,tau=0.1,offsets=direction", test::normals({9, 3}, 1)},
                                                    {"piecewise,samples=2", cloud}};
  for (const auto& [model, points] : refused) {
    const auto error = test::error_of([&, text = model, data = points] { open_on(text, data); });
    ASSERT_TRUE(error) << model;
    EXPECT_EQ(error->code(), ExitCode::kUsage) << error->what();
  }
}

// kappa: where t passes (Delta^2 / kappa) nothing is smoothed any more, without a jump.
TEST(SmoothingDenoisers, WidthFallsToNothingWithTheNoise) {
  const Tensor line = column({-1, 1}), x = column({-0.9, 0.2, 1.4});
  const auto smoothed = open_on("smoothed,kappa=0.4", line);
  const auto exact = make_delta(line, {1});
  EXPECT_LE(test::deviation((*smoothed)(x, 1.6), (*exact)(x, 1.6)), 1e-14);  // sqrt(1 / 0.4) = 1.58
  EXPECT_GE(test::deviation((*smoothed)(x, 0.5), (*exact)(x, 0.5)), 1e-3);
  const auto fixed = open_on("smoothed,tau=0.75", line);
  EXPECT_LE(test::deviation((*smoothed)(x, 0.25 / std::sqrt(0.4)), (*fixed)(x, 0.25 / std::sqrt(0.4))), 1e-12);
}

}  // namespace
}  // namespace farfield
