#include "core/io/npz.h"
#include "samplers/gaussian_flow.h"
#include "samplers/integrate.h"
#include "samplers/schedules/noise_levels.h"
#include "samplers/solvers/solver_registry.h"
#include "samplers/start.h"
#include "samplers/trajectory.h"
#include "tests/samplers/golden_models.h"
#include "tests/support/golden_denoisers.h"
#include "tests/support/test_support.h"
#include "tests/support/thread_count.h"

namespace farfield {
namespace {

using nlohmann::json;

class GoldenAnalytic : public ::testing::Test {
 protected:
  const test::ThreadCount one{1};

  void SetUp() override {
    const auto found = test::golden_dir();
    if (!found) GTEST_SKIP() << "no golden vectors: set FARFIELD_GOLDEN or put them at ../shared/golden";
    inputs = test::read_json(*found / "inputs.json");
    index = test::read_json(*found / "analytic_index.json");
    arrays = read_npz(*found / "analytic.npz");
  }

  const torch::Tensor& array(const json& item, const std::string& role) const {
    return arrays.at(item.at("arrays").at(role).get<std::string>());
  }

  GaussianStats gaussian(const std::string& name) const {
    const json& item = index.at("gaussians").at(name);
    return {.mean = array(item, "mean"), .basis = array(item, "U"), .eigenvalues = array(item, "Lambda")};
  }

  json inputs, index;
  std::map<std::string, torch::Tensor> arrays;
};

TEST_F(GoldenAnalytic, golden_closed_form) {
  ASSERT_FALSE(index.at("closed_form").empty());
  for (const auto& item : index.at("closed_form")) {
    SCOPED_TRACE(item.at("id").get<std::string>());
    const auto stats = gaussian(item.at("gaussian"));
    const auto sigmas = item.at("sigmas").get<std::vector<double>>();
    for (size_t i = 0; i < sigmas.size(); ++i) {
      const auto x = gaussian_flow(stats, array(item, "xT"), item.at("sigma_T"), sigmas[i]);
      const auto denoised = gaussian_flow_denoised(stats, array(item, "xT"), item.at("sigma_T"), sigmas[i]);
      EXPECT_LE(test::deviation(x, array(item, "xt")[i]), 1e-9) << "sigma " << sigmas[i];
      EXPECT_LE(test::deviation(denoised, array(item, "x0hat")[i]), 1e-9) << "sigma " << sigmas[i];
    }
  }
}

TEST_F(GoldenAnalytic, golden_teleport) {
  ASSERT_FALSE(index.at("teleport").empty());
  const auto solver = make_solver("heun");
  for (const auto& item : index.at("teleport")) {
    SCOPED_TRACE(item.at("id").get<std::string>());
    const std::string denoiser = item.at("denoiser");
    const auto levels = noise_levels({.steps = item.at("num_steps")});
    const auto latents = test::golden_latents(inputs, denoiser);
    const auto start = teleported_start(latents, levels, {item.at("sigma_skip"), gaussian(item.at("gaussian"))});

    const auto expected = array(item, "x_traj");
    EXPECT_LE(test::deviation(torch::tensor(start.levels, torch::kFloat64), array(item, "t_steps")), 1e-12);
    ASSERT_EQ(static_cast<int64_t>(start.levels.size()), expected.size(0));
    auto states = torch::empty_like(expected);
    const auto model = test::golden_model(inputs, denoiser);
    const auto result = integrate(*solver, model->bind(), start.x, start.levels, {.observer = record_states(states)});
    EXPECT_LE(test::deviation(states, expected), 1e-9);
    EXPECT_EQ(result.nfe, item.at("nfe").get<int64_t>());
  }
}

}  // namespace
}  // namespace farfield
