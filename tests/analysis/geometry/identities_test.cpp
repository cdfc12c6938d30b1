// What must be the same, and that every case has a number or none.
#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "analysis/geometry/closed_form_path.h"
#include "analysis/geometry/forward_process.h"
#include "analysis/geometry/geometry_run.h"
#include "analysis/geometry/geometry_tables.h"
#include "analysis/geometry/path_geometry.h"
#include "analysis/geometry/polyline.h"
#include "analysis/geometry/reconstruction.h"
#include "core/math/random.h"
#include "models/analytic/analytic.h"
#include "samplers/solvers/solver_registry.h"
#include "tests/analysis/geometry/document_path.h"
#include "tests/support/test_support.h"
#include "tests/support/thread_count.h"
#include "tests/support/thread_group.h"

namespace farfield {
namespace {

using test::diagonal_gaussian;
using torch::Tensor;

// Curved trajectories of any size: those of a mixture of two points and a Gaussian, by its exact denoiser.
Path curved_path(int64_t size, int64_t batch, const std::vector<double>& levels) {
  torch::manual_seed(static_cast<uint64_t>(size));
  const auto model = make_delta(torch::randn({5, size}, torch::kFloat64), {size});
  SampleRequest request;
  for (int64_t i = 0; i < batch; ++i) request.seeds.push_back(i);
  request.levels = levels;
  return run_path(*model, *make_solver("euler"), request, path_start(request, model->info(), {0, batch}));
}

Path trajectories(const Path& path, int64_t first, int64_t count) {
  return {path.levels, path.states.narrow(1, first, count).contiguous(),
          path.denoised.narrow(1, first, count).contiguous(), path.nfe};
}

bool same_bits(const Tensor& a, const Tensor& b) {
  return a.sizes() == b.sizes() && torch::equal(a.contiguous().view(torch::kInt64), b.contiguous().view(torch::kInt64));
}

TEST(GeometryIdentity, TheSameBitsForAnyBatchAndThreads) {
  for (const int64_t size : {2, 300, 3072}) {
    const Path path = curved_path(size, 5, test::document_levels(20));
    const Arrays all = measure_geometry(path);
    EXPECT_EQ(geometry_names().size(), all.size());
    for (int64_t b = 0; b < 5; ++b) {
      const test::ThreadCount threads(1 + static_cast<int>(b) % 3);
      for (const auto& [name, one] : measure_geometry(trajectories(path, b, 1)))
        EXPECT_TRUE(same_bits(one, all.at(name).narrow(0, b, 1))) << name << " " << size;
    }
  }
}

TEST(GeometryIdentity, ARotationChangesNothing) {
  for (const PathSpace space : {PathSpace::kVe, PathSpace::kVp}) {
    torch::manual_seed(4);
    std::vector<double> variances;
    for (int i = 0; i < 40; ++i) variances.push_back(std::pow(0.8, i));
    const Path path = gaussian_path(diagonal_gaussian(variances), 80 * torch::randn({4, 40}, torch::kFloat64),
                                    test::document_levels(60));
    const Tensor rotation = std::get<0>(at::linalg_qr(torch::randn({40, 40}, torch::kFloat64)));
    const Path turned{path.levels, path.states.matmul(rotation).contiguous(),
                      path.denoised.matmul(rotation).contiguous(), path.nfe};
    const Arrays here = measure_geometry(path, {space, true}), there = measure_geometry(turned, {space, true});
    for (const std::string& name : geometry_names()) {
      if (name == "across" || name == "component_weights") continue;  // their signs are arbitrary
      const Tensor a = here.at(name), b = there.at(name);
      ASSERT_TRUE(torch::equal(a.isnan(), b.isnan())) << name;
      const double scale = std::max(1.0, a.nan_to_num(0).abs().max().item<double>());
      EXPECT_LE((a - b).nan_to_num(0).abs().max().item<double>(), 1e-8 * scale) << name;
    }
    const Tensor view = view_coordinates({"", "", "", here, 0}), other = view_coordinates({"", "", "", there, 0});
    EXPECT_LE((view - other).abs().max().item<double>(), 1e-8);
  }
}

TEST(GeometryIdentity, TheFirstReconstructionIsTheDeviation) {
  const Arrays measured = measure_geometry(curved_path(30, 2, test::document_levels(40)));
  EXPECT_TRUE(same_bits(measured.at("reconstruction").select(1, 0), measured.at("deviation")));
  // Every component takes something off.
  for (int64_t k = 1; k < 5; ++k) {
    const Tensor more = measured.at("reconstruction").select(1, k),
                 less = measured.at("reconstruction").select(1, k - 1);
    EXPECT_LE(more.square().sum().item<double>(), less.square().sum().item<double>()) << k;
  }
}

// The states that the components make are as far off as measured.
TEST(GeometryIdentity, ReconstructedStatesHaveTheErrors) {
  for (const GeometryOptions options : {GeometryOptions{}, {PathSpace::kVp, true}, {PathSpace::kVe, false}}) {
    const Path path = curved_path(24, 2, test::document_levels(30));
    const Arrays measured = measure_geometry(path, options);
    const Tensor states = reconstructed_states(path, measured, options, 4);
    for (int64_t k = 0; k < 5; ++k) {
      Tensor errors = (states[k] - path.states).square().sum(2).sqrt();  // [L, B]
      for (int64_t n = 0; options.space == PathSpace::kVp && n < errors.size(0); ++n)
        errors[n] *= vp_alpha(path.levels[static_cast<size_t>(n)]);
      EXPECT_LE((errors.t() - measured.at("reconstruction").select(1, k)).abs().max().item<double>(), 1e-10) << k;
    }
  }
}

TEST(GeometryIdentity, AlongAndAcrossMakeThePoint) {
  const Path path = test::three_dimensional_path();
  const Arrays measured = measure_geometry(path);
  const Tensor along = measured.at("along")[0], across = measured.at("across")[0];
  const Tensor square = along.square() + across.square().sum(1);
  EXPECT_LE((square.sqrt() - measured.at("distance")[0]).abs().max().item<double>(), 1e-11);
}

// The closed form in the Gaussian's own coordinates is the closed form.
TEST(GeometryIdentity, RotatedGaussianPath) {
  torch::manual_seed(3);
  const Tensor basis = std::get<0>(at::linalg_qr(torch::randn({20, 20}, torch::kFloat64)));
  const GaussianStats gaussian{torch::randn({20}, torch::kFloat64), basis,
                               std::get<0>(torch::rand({20}, torch::kFloat64).sort(0, true)), 0, 50};
  const Tensor start = 80 * torch::randn({3, 4, 5}, torch::kFloat64);
  const std::vector<double> levels = {80, 10, 1, 0.1, 0};
  const Path rotated = rotated_gaussian_path(gaussian, start, levels), plain = gaussian_path(gaussian, start, levels);
  EXPECT_LE(test::relative_deviation(rotated.states.matmul(basis.t()), plain.states.flatten(2)), 1e-13);
  EXPECT_LE(test::relative_deviation(rotated.denoised.matmul(basis.t()), plain.denoised.flatten(2)), 1e-13);
}

// N(0, I) does not move in the variance-preserving view: no chord, no plane, no angle.
TEST(GeometryIdentity, StandardNormalDataRestInVpSpace) {
  const Path path = gaussian_path(diagonal_gaussian(std::vector<double>(50, 1)),
                                  std::sqrt(6401.) * torch::randn({3, 50}, torch::kFloat64), test::document_levels());
  const Arrays measured = measure_geometry(path, {PathSpace::kVp, true});
  EXPECT_LE(measured.at("length").max().item<double>(), 1e-12);
  EXPECT_LE(measured.at("deviation").max().item<double>(), 1e-12);
  EXPECT_EQ(measured.at("has_chord").sum().item<double>(), 0);
  for (const char* name : {"cos_end", "cos_step", "angle_step", "explained", "curvature"})
    EXPECT_TRUE(measured.at(name).isnan().all().item<bool>()) << name;
}

TEST(GeometryIdentity, VpSpaceIsThatOfScaledStates) {
  const Path path = curved_path(12, 2, test::document_levels(30));
  Path scaled = path;
  scaled.states = path.states.clone();
  scaled = in_vp_space(std::move(scaled));
  const Arrays view = measure_geometry(path, {PathSpace::kVp, true}), states = measure_geometry(scaled);
  for (const char* name : {"norm_x", "deviation", "distance", "angle_step", "length", "explained", "reconstruction"}) {
    const Tensor difference = (view.at(name) - states.at(name)).nan_to_num(0);
    EXPECT_LE(difference.abs().max().item<double>(), 1e-11) << name;
  }
  EXPECT_TRUE(same_bits(view.at("norm_d"), measure_geometry(path).at("norm_d")));
  // The direction of dz/dsigma is that of fine differences of z.
  const Path fine = test::three_dimensional_path(1000);
  Path vp = fine;
  vp.states = fine.states.clone();
  vp = in_vp_space(std::move(vp));
  const Arrays angles = measure_geometry(fine, {PathSpace::kVp, true});
  for (const int64_t n : {200, 500, 800}) {
    const Tensor step = vp.states[n + 1][0] - vp.states[n - 1][0], to_end = vp.states[-1][0] - vp.states[n][0];
    const double cosine = ((step * to_end).sum() / step.norm() / to_end.norm()).item<double>();
    EXPECT_NEAR(test::value_at(angles, "cos_end", n), cosine, 1e-5) << n;
  }
}

// A number or none, for every size, few levels, the same seed twice and ends that coincide.
TEST(GeometrySweep, EveryCaseHasANumberOrNone) {
  for (const int64_t size : {1, 2, 3072}) {
    for (const std::vector<double>& levels :
         {std::vector<double>{80, 0}, {80, 1}, {80, 1, 0.1}, {80, 10, 1, 0.1}, {80, 10, 1, 0.1, 0}}) {
      for (const bool centred : {true, false}) {
        const Path path = curved_path(size, 2, levels);
        const Arrays measured = measure_geometry(path, {PathSpace::kVe, centred});
        for (const char* name : {"norm_x", "deviation", "distance", "along", "across", "reconstruction", "length",
                                 "endpoint_distance", "endpoint_distance_d", "step_turning"})
          EXPECT_TRUE(measured.at(name).isfinite().all().item<bool>()) << name << " " << size << " " << levels.size();
        for (const auto& [name, array] : measured) EXPECT_FALSE(array.isinf().any().item<bool>()) << name;
      }
    }
  }
}

TEST(GeometryForward, IsDataAndNoiseOfTheSeed) {
  const auto data = open_data("moons,count=40");
  const std::vector<double> levels = {0, 0.5, 1000};
  const Tensor norms = forward_norms(*data, std::vector<int64_t>{7, 8, 7}, levels, PathSpace::kVe);
  EXPECT_TRUE(same_bits(norms[0], norms[2]));
  const Tensor samples = data->rows(0, 40).to(torch::kFloat64).norm(2, 1);
  EXPECT_LE((samples - norms[0][0]).abs().min().item<double>(), 1e-12);  // a sample of the data
  const Tensor scaled = forward_norms(*data, std::vector<int64_t>{7, 8, 7}, levels, PathSpace::kVp);
  EXPECT_LE((scaled.select(1, 2) - norms.select(1, 2) * vp_alpha(1000)).abs().max().item<double>(), 1e-12);
  std::vector<int64_t> seeds;
  for (int64_t i = 0; i < 4000; ++i) seeds.push_back(i);
  const Tensor many = forward_norms(*data, seeds, {3}, PathSpace::kVe);
  EXPECT_NEAR(many.square().mean().item<double>(), mean_square_norm(*data) + 9 * 2, 0.9);  // 3 standard errors
  EXPECT_EQ(forward_levels(80).front(), 0);
  EXPECT_EQ(forward_levels(80).back(), 80);
}

TEST(Polyline, RefusesWhatHasNoShape) {
  const auto refusal = [](const Tensor& points) { return test::error_of([&] { measure_polyline(points); })->code(); };
  EXPECT_EQ(refusal(torch::zeros({2, 3})), ExitCode::kUsage);
  EXPECT_EQ(refusal(torch::zeros({3, 3})), ExitCode::kUsage);
  EXPECT_EQ(refusal(torch::tensor({{0., 0.}, {1., 1.}, {1., 1.}})), ExitCode::kUsage);
  EXPECT_EQ(refusal(torch::tensor({{0., 0.}, {static_cast<double>(NAN), 1.}, {1., 1.}})), ExitCode::kUsage);
  const Polyline back = measure_polyline(torch::tensor({{0., 0.}, {1., 0.}, {0., 0.}, {-1., 0.}}));
  EXPECT_NEAR(back.total_turning, std::acos(-1.0), 1e-12);
  EXPECT_EQ(back.menger_curvature[0].item<double>(), 0);  // the three points are two
}

TEST(GeometrySweep, EndsThatCoincide) {
  Tensor states = torch::randn({6, 1, 4}, torch::kFloat64), denoised = torch::randn({5, 1, 4}, torch::kFloat64);
  states[5].copy_(states[0]);
  denoised[4].copy_(denoised[0]);
  const Arrays measured = measure_geometry({{5, 4, 3, 2, 1, 0.5}, states, denoised, 5});
  EXPECT_EQ(test::value_of(measured, "has_chord"), 0);
  EXPECT_EQ(test::value_of(measured, "has_chord_d"), 0);
  EXPECT_TRUE(same_bits(measured.at("deviation"), measured.at("distance")));
  EXPECT_TRUE(std::isnan(test::value_at(measured, "cos_end", 0)));
  EXPECT_TRUE(std::isfinite(test::value_at(measured, "cos_end", 2)));
  EXPECT_TRUE(measured.at("explained").isfinite().all().item<bool>());
}

TEST(GeometrySweep, APathThatRests) {
  const Tensor states = torch::ones({4, 1, 3}, torch::kFloat64), denoised = torch::ones({3, 1, 3}, torch::kFloat64);
  const Arrays measured = measure_geometry({{3, 2, 1, 0.5}, states, denoised, 3});
  for (const char* name : {"cos_end", "cos_step", "curvature", "torsion", "explained"})
    EXPECT_TRUE(measured.at(name).isnan().all().item<bool>()) << name;
  for (const char* name : {"deviation", "distance", "reconstruction", "length", "total_turning"})
    EXPECT_EQ(measured.at(name).abs().max().item<double>(), 0) << name;
}

}  // namespace
}  // namespace farfield
