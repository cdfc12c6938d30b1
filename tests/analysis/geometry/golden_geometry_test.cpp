#include <numbers>

#include <gtest/gtest.h>

#include "analysis/geometry/path_geometry.h"
#include "analysis/geometry/polyline.h"
#include "tests/support/golden_analysis.h"

namespace farfield {
namespace {

using test::AnalysisCase;
using test::expect_golden;

// A case as a path of one trajectory. A curve without levels and D gets some that do not matter to its shape.
Path path_of(const AnalysisCase& golden) {
  const torch::Tensor x = golden.inputs.at("x");
  const int64_t count = x.size(0);
  Path path;
  path.states = x.unsqueeze(1).contiguous();
  const auto levels = golden.inputs.find("t");
  for (int64_t n = 0; n < count; ++n) {
    path.levels.push_back(levels == golden.inputs.end() ? static_cast<double>(count - n)
                                                        : levels->second[n].item<double>());
  }
  const auto denoised = golden.inputs.find("denoised");
  path.denoised = denoised == golden.inputs.end() ? torch::zeros_like(path.states.narrow(0, 0, count - 1))
                                                  : denoised->second.unsqueeze(1).contiguous();
  return path;
}

class GeometryGolden : public ::testing::Test {
 protected:
  void SetUp() override {
    cases_ = test::analysis_cases("geometry");
    if (cases_.empty()) GTEST_SKIP() << "no golden vectors of geometry (set FARFIELD_GOLDEN_ANALYSIS)";
  }
  std::vector<AnalysisCase> cases_;
};

TEST_F(GeometryGolden, golden_geometry_shapes) {
  for (const AnalysisCase& golden : cases_) {
    if (golden.kind == "degenerate") continue;
    const Path path = path_of(golden);
    const int64_t count = path.states.size(0);
    const Arrays centred = measure_geometry(path), uncentred = measure_geometry(path, {PathSpace::kVe, false});
    const auto of = [&](const char* name) { return centred.at(name)[0]; };
    expect_golden(golden, "magnitude", of("norm_x"));
    expect_golden(golden, "chord_length", of("endpoint_distance"));
    expect_golden(golden, "along_chord", of("endpoint_distance") - of("along"));
    expect_golden(golden, "chord_deviation", of("deviation"));
    expect_golden(golden, "distance_to_end", of("distance"));
    expect_golden(golden, "length", of("length"));
    expect_golden(golden, "turn_angle", of("angle_step").narrow(0, 1, count - 2) * std::numbers::pi / 180);
    expect_golden(golden, "turn_cosine", of("cos_step").narrow(0, 1, count - 2));
    expect_golden(golden, "total_turning", of("step_turning"));
    expect_golden(golden, "pca_variance_centred", of("eigenvalues"));
    expect_golden(golden, "pca_explained_centred", of("explained"));
    expect_golden(golden, "pca_explained_uncentred", uncentred.at("explained")[0]);
    expect_golden(golden, "recon_error_centred", of("reconstruction"));
    expect_golden(golden, "recon_error_uncentred", uncentred.at("reconstruction")[0]);
  }
}

TEST_F(GeometryGolden, golden_geometry_trajectories) {
  int trajectories = 0;
  for (const AnalysisCase& golden : cases_) {
    if (golden.kind != "trajectory") continue;
    ++trajectories;
    const Path path = path_of(golden);
    const int64_t steps = path.denoised.size(0);
    const Arrays all = measure_geometry(path);
    const auto of = [&](const char* name) { return all.at(name)[0].narrow(0, 0, steps); };
    expect_golden(golden, "eps_norm", of("norm_eps"));
    expect_golden(golden, "cos_eps_to_end", of("cos_end"));
    expect_golden(golden, "angle_eps_to_end", of("angle_end") * std::numbers::pi / 180);
    expect_golden(golden, "denoised_magnitude", of("norm_d"));
    expect_golden(golden, "denoised_chord_length", all.at("endpoint_distance_d")[0]);
    expect_golden(golden, "denoised_chord_deviation", of("deviation_d"));
    expect_golden(golden, "denoised_distance_to_end", of("distance_d"));
  }
  EXPECT_GT(trajectories, 0);
}

TEST_F(GeometryGolden, golden_geometry_points_alone) {
  for (const AnalysisCase& golden : cases_) {
    const Polyline line = measure_polyline(golden.inputs.at("x"));
    const auto number = [](double value) { return torch::tensor(value, torch::kFloat64); };
    expect_golden(golden, "chord_deviation", line.chord_deviation);
    expect_golden(golden, "turn_angle", line.turn_angle);
    expect_golden(golden, "length_over_chord", number(line.length / line.chord_length));
    if (golden.kind == "degenerate") continue;
    expect_golden(golden, "chord_length", number(line.chord_length));
    expect_golden(golden, "along_chord", line.along_chord);
    expect_golden(golden, "arc_length", line.arc_length);
    expect_golden(golden, "total_turning", number(line.total_turning));
    expect_golden(golden, "turn_curvature", line.turn_curvature);
    expect_golden(golden, "menger_curvature", line.menger_curvature);
    if (golden.kind != "trajectory") continue;
    const Polyline denoised = measure_polyline(golden.inputs.at("denoised"));
    expect_golden(golden, "denoised_length", number(denoised.length));
    expect_golden(golden, "denoised_turn_angle", denoised.turn_angle);
  }
}

// Nothing but rounding is off a straight line: the share of the variance that its components hold is no number.
TEST_F(GeometryGolden, golden_geometry_straight) {
  int lines = 0;
  for (const AnalysisCase& golden : cases_) {
    if (golden.kind != "degenerate") continue;
    ++lines;
    const Arrays all = measure_geometry(path_of(golden));
    expect_golden(golden, "chord_deviation", all.at("deviation")[0]);
    expect_golden(golden, "turn_angle", all.at("angle_step")[0].narrow(0, 1, all.at("angle_step").size(1) - 2));
    expect_golden(golden, "length_over_chord", (all.at("length") / all.at("endpoint_distance"))[0]);
    EXPECT_TRUE(all.at("explained").isnan().all().item<bool>());
  }
  EXPECT_GT(lines, 0);
}

}  // namespace
}  // namespace farfield
