// Score fields in a plane, where they are known.
#include "analysis/field/field_run.h"

#include <cmath>

#include <gtest/gtest.h>

#include "analysis/compare/references.h"
#include "analysis/field/field_output.h"
#include "models/analytic/analytic.h"
#include "tests/support/counted_denoiser.h"
#include "tests/support/normals.h"
#include "tests/support/test_support.h"
#include "tests/support/thread_group.h"

namespace farfield {
namespace {

using torch::Tensor;

constexpr int64_t kFieldDim = 12;

std::shared_ptr<const DataSource> images(int64_t count) {
  return std::make_shared<DataSource>("images", test::normals({count, 3, 2, 2}, 4).to(torch::kFloat32), Tensor(), 0);
}

Subject subject_from(const std::string& name, std::shared_ptr<const Denoiser> denoiser) {
  const std::string kind = denoiser->info().kind;
  return {name, kind, std::move(denoiser), {}};
}

FieldInputs inputs_with(const std::shared_ptr<const DataSource>& data, const std::vector<std::string>& references) {
  FieldInputs inputs;
  inputs.data = inputs.anchors = data;
  inputs.of = "test";
  for (Subject& subject : open_references(references, data, {}, 0).subjects) {
    const std::string name = subject.name;
    inputs.rows.push_back({name, [subject] { return subject; }});
  }
  return inputs;
}

FieldOptions small_field(std::vector<int64_t> anchors = {0, 1, 2}) {
  FieldOptions options;
  options.anchors = std::move(anchors);
  options.sigmas = {0.05, 0.5, 5};
  options.grid = 9;
  options.batch = 20;
  return options;
}

// (a) The exact score of the three anchors stays in their plane; where the noise is small it points at the nearest one.
TEST(Field, OfTheAnchorsAloneStaysInThePlane) {
  const auto data = images(3);
  FieldOptions options = small_field();
  options.sigmas = {1e-3, 0.05, 0.5, 5};
  const FieldRun run = run_field(inputs_with(data, {"delta"}), options);
  EXPECT_EQ(run.field.sizes(), torch::IntArrayRef({1, 4, 9, 9, 5}));
  for (int64_t level = 0; level < 4; ++level) {
    const double sigma = options.sigmas[static_cast<size_t>(level)];
    EXPECT_LE(run.field[0][level].select(2, kOutOfPlane).max().item<double>(), 1e-12 / (sigma * sigma)) << sigma;
    EXPECT_LE(test::relative_deviation(run.field[0][level].select(2, kInPlane), run.field[0][level].select(2, kNorm)),
              1e-12);
  }
  const Tensor points = data->rows(0, 3).flatten(1).to(torch::kFloat64);
  const Subject exact = subject_from("delta", make_delta(data->rows(0, 3).flatten(1), {kFieldDim}));
  for (const double sigma : {0.05, 0.5, 5.0}) {  // s sigma^2 = the weighted mean - x
    const Tensor places = grid_places(run.plane, 9), x = run.plane.points(places);
    const Tensor logits = (x.unsqueeze(1) - points).square().sum(2) / (-2 * sigma * sigma);
    const Tensor step = torch::mm(torch::softmax(logits, 1), points) - x;
    const Tensor field = plane_field(exact, run.plane, {kFieldDim}, places, sigma, options);
    EXPECT_LE(test::deviation(field.select(1, kAlong1) * sigma * sigma, torch::mv(step, run.plane.e1)), 1e-12);
    EXPECT_LE(test::deviation(field.select(1, kAlong2) * sigma * sigma, torch::mv(step, run.plane.e2)), 1e-12);
  }
  const Tensor at_anchors = plane_field(exact, run.plane, {kFieldDim}, run.plane.anchors, 1e-3, options);
  EXPECT_LE(at_anchors.select(1, kNorm).max().item<double>() * 1e-6, 1e-12);
}

// (b)
TEST(Field, OfAnIsotropicGaussianIsRadial) {
  const auto data = images(5);
  const Tensor mean = test::normals({kFieldDim}, 9);
  const double variance = 0.3;
  const FieldRun run = run_field(inputs_with(data, {"mean"}), small_field({4, 1, 3}));
  const Subject gaussian = subject_from("isotropic", make_isotropic(mean, variance, {3, 2, 2}));
  const Tensor places = grid_places(run.plane, 9), x = run.plane.points(places);
  for (const double sigma : {0.05, 0.5, 5.0}) {
    const Tensor field = plane_field(gaussian, run.plane, {3, 2, 2}, places, sigma, small_field());
    const Tensor expected = (mean - x) / (variance + sigma * sigma);
    EXPECT_LE(test::relative_deviation(field.select(1, kNorm), expected.norm(2, {1})), 1e-12);
    EXPECT_LE(test::relative_deviation(field.select(1, kAlong1), torch::mv(expected, run.plane.e1)), 1e-12);
  }
}

// (c) In whatever order the anchors are named, the field at a point is the same.
TEST(Field, DoesNotDependOnTheOrderOfTheAnchors) {
  const auto data = images(20);
  const Subject gaussian = open_references({"gaussian"}, data, {}, 0).subjects[0];
  const FieldOptions options = small_field();
  const auto plane = [&](const std::vector<int64_t>& anchors) {
    return plane_through(data->rows(torch::tensor(anchors, torch::kInt64)).flatten(1), {"a", "b", "c"});
  };
  const ScorePlane one = plane({3, 8, 11}), other = plane({11, 3, 8});
  const Tensor places = grid_places(one, 7), x = one.points(places);
  EXPECT_LE(test::deviation(other.points(other.places(x)), x), 1e-12);
  const Tensor here = plane_field(gaussian, one, {3, 2, 2}, places, 0.5, options);
  const Tensor there = plane_field(gaussian, other, {3, 2, 2}, other.places(x), 0.5, options);
  const auto vectors = [](const ScorePlane& p, const Tensor& field) {
    return field.select(1, kAlong1).unsqueeze(1) * p.e1 + field.select(1, kAlong2).unsqueeze(1) * p.e2;
  };
  EXPECT_LE(test::relative_deviation(vectors(other, there), vectors(one, here)), 1e-12);
  EXPECT_LE(test::relative_deviation(there.narrow(1, kInPlane, 3), here.narrow(1, kInPlane, 3)), 1e-12);
}

TEST(Field, PlanesAreOrthonormalAndHoldTheirAnchors) {
  const Tensor anchors = test::normals({3, 40}, 6);
  const ScorePlane plane = plane_through(anchors, {"0", "1", "2"});
  EXPECT_NEAR(plane.e1.norm().item<double>(), 1, 1e-15);
  EXPECT_NEAR(plane.e2.norm().item<double>(), 1, 1e-15);
  EXPECT_NEAR(plane.e1.dot(plane.e2).item<double>(), 0, 1e-15);
  EXPECT_LE(test::deviation(plane.points(plane.anchors), anchors), 1e-13);
  EXPECT_TRUE(inside_triangle(plane, plane.anchors).all().item<bool>());
  const double width = plane.p_high - plane.p_low;
  const double spread = (plane.anchors.select(1, 0).max() - plane.anchors.select(1, 0).min()).item<double>();
  EXPECT_NEAR(width, 1.5 * spread, 1e-12);
  const Tensor corners = torch::tensor({{plane.p_low, plane.q_low}, {plane.p_high, plane.q_high}}, torch::kFloat64);
  EXPECT_FALSE(inside_triangle(plane, corners).any().item<bool>());
}

// (d) A field that vanishes in the triangle is seen to; that of a point at its centre is what geometry says.
TEST(Field, MeasuresWhatIsInsideTheTriangle) {
  const auto data = images(20);
  const FieldRun run = run_field(inputs_with(data, {"gaussian", "delta"}), small_field({2, 7, 9}));
  const auto measures = simplex_measures(run);
  ASSERT_EQ(measures.size(), 6u);
  const Tensor places = grid_places(run.plane, 9), inside = inside_triangle(run.plane, places).nonzero().squeeze(1);
  ASSERT_GT(inside.numel(), 3);
  for (const SimplexMeasure& one : measures) {
    const double sigma = run.options.sigmas[static_cast<size_t>(one.level)];
    const Tensor moved = run.field[one.row][one.level].select(2, kInPlane).flatten() * sigma * sigma;
    EXPECT_DOUBLE_EQ(one.ratio, moved.index_select(0, inside).mean().item<double>() / moved.mean().item<double>());
  }
  const Subject centre = subject_from(
      "mean", make_isotropic(run.plane.points(run.plane.anchors.mean(0, true))[0], 0, {3, 2, 2}));
  FieldInputs inputs = inputs_with(data, {"mean"});
  inputs.rows = {{"centre", [centre] { return centre; }}};
  for (const SimplexMeasure& one : simplex_measures(run_field(std::move(inputs), small_field({2, 7, 9}))))
    EXPECT_LT(one.ratio, 0.6);
  const std::string csv = field_table(run).csv();
  EXPECT_EQ(csv.find("nan"), std::string::npos);
}

// Data of two numbers live in their own plane, with densities.
TEST(Field, OfPointsInThePlane) {
  const auto data = std::make_shared<DataSource>("points", test::normals({30, 2}, 5).to(torch::kFloat32), Tensor(), 0);
  const FieldRun run = run_field(inputs_with(data, {"gaussian", "delta", "gaussian1"}), small_field({0, 4}));
  EXPECT_EQ(run.plane.anchors.sizes(), torch::IntArrayRef({2, 2}));
  EXPECT_LE(run.field.select(4, kOutOfPlane).max().item<double>(), 0.0);
  EXPECT_TRUE(run.log_density[0].isfinite().all().item<bool>());
  EXPECT_FALSE(run.log_density[2][0].isfinite().any().item<bool>());  // an expansion has no density there
  const Tensor x = run.plane.points(grid_places(run.plane, 9));
  const auto gaussian = open_references({"gaussian"}, data, {}, 0).subjects[0];
  const auto& density = dynamic_cast<const AnalyticDenoiser&>(*gaussian.denoiser);
  EXPECT_TRUE(torch::equal(run.log_density[0][1].flatten(), density.log_density(x, 0.5)));
  EXPECT_EQ(field_table(run).csv().find("nan"), std::string::npos);
  EXPECT_FALSE(component_figure(run).has_value());  // no mixture
  const FieldRun mixed = run_field(inputs_with(data, {"mixture,components=3", "delta"}), small_field({0, 4}));
  ASSERT_EQ(mixed.components[0].sizes(), torch::IntArrayRef({3, 9, 9, 3}));
  EXPECT_FALSE(mixed.components[1].defined());
  EXPECT_LE(test::deviation(mixed.components[0].sum(3), torch::ones({3, 9, 9}, torch::kFloat64)), 1e-12);
  EXPECT_TRUE(component_figure(mixed).has_value());
}

TEST(Field, EvaluatesOnceAPointAndIsTheSameForAllRanks) {
  const auto data = images(6);
  FieldInputs inputs = inputs_with(data, {"gaussian"});
  const auto counted = std::make_shared<test::CountedDenoiser>(
      open_references({"gaussian"}, data, {}, 0).subjects[0].denoiser);
  const Subject subject{"counted", "gaussian", counted, {}};
  inputs.rows = {{"counted", [subject] { return subject; }}};
  const FieldRun alone = run_field(std::move(inputs), small_field());
  EXPECT_EQ(counted->samples, 9 * 9 * 3);
  test::run_ranks(2, [&](Comm& comm) {
    const FieldRun shared = run_field(inputs_with(data, {"gaussian"}), small_field(), comm);
    EXPECT_TRUE(torch::equal(shared.field, alone.field)) << comm.rank();
  });
}

TEST(Field, RefusesWhatSpansNoPlane) {
  auto samples = test::normals({5, 3, 2, 2}, 4).to(torch::kFloat32);
  samples[2] = 2 * samples[1] - samples[0];
  samples[3] = samples[0];
  const auto data = std::make_shared<DataSource>("images", samples, Tensor(), 0);
  const auto refused = [&](std::vector<int64_t> anchors) {
    return std::string(
        test::error_of([&] { run_field(inputs_with(data, {"mean"}), small_field(std::move(anchors))); })->what());
  };
  EXPECT_EQ(refused({0, 1, 2}), "--anchors: samples 0, 1, 2 lie on one line; choose three that span a plane");
  EXPECT_NE(refused({0, 3, 4}).find("lie on one line"), std::string::npos);
  EXPECT_NE(refused({0, 4, 4}).find("lie on one line"), std::string::npos);
  EXPECT_NE(refused({0, 1}).find("2 samples; three span a plane"), std::string::npos);
  EXPECT_NE(refused({0, 1, 5}).find("sample 5, but 'images' has samples 0 to 4"), std::string::npos);
  const auto line = std::make_shared<DataSource>("line", test::normals({5, 1}, 2).to(torch::kFloat32), Tensor(), 0);
  EXPECT_NE(std::string(test::error_of([&] { run_field(inputs_with(line, {"mean"}), small_field()); })->what())
                .find("one number"),
            std::string::npos);
}

}  // namespace
}  // namespace farfield
