#include <cmath>
#include <map>

#include "core/io/npz.h"
#include "samplers/integrate.h"
#include "samplers/schedules/noise_levels.h"
#include "samplers/solvers/deis.h"
#include "samplers/solvers/interpolation_weights.h"
#include "samplers/solvers/solver_registry.h"
#include "tests/samplers/golden_cases.h"
#include "tests/samplers/golden_models.h"
#include "tests/support/golden_denoisers.h"
#include "tests/support/test_support.h"
#include "tests/support/thread_count.h"

namespace farfield {
namespace {

using nlohmann::json;

std::vector<double> rhoab_weights(const RunPlan& plan, int64_t i, int64_t order) {
  std::vector<double> nodes;
  for (int64_t j = 0; j < std::min(order, i + 1); ++j) nodes.push_back(plan.levels[i - j]);
  return interpolation_weights(nodes, plan.intervals[i]);
}

class GoldenSolvers : public ::testing::Test {
 protected:
  const test::ThreadCount one{1};

  void SetUp() override {
    const auto found = test::golden_dir();
    if (!found) GTEST_SKIP() << "no golden vectors: set FARFIELD_GOLDEN or put them at ../shared/golden";
    dir = *found;
    inputs = test::read_json(dir / "inputs.json");
    schedules = test::read_json(dir / "schedules.json");
    bank = read_npz(dir / "noise_bank.npz");
    for (const auto& [name, entry] : inputs.at("denoisers").items()) models[name] = test::golden_model(inputs, name);
  }

  // Noise by the number of the call, as the goldens were made.
  BrownianFn brownian_of(const std::string& denoiser, int64_t& calls) const {
    return [normals = bank.at(denoiser), &calls](double, double) { return normals[calls++ % normals.size(0)]; };
  }

  // The whole trajectory, the states after churn and the counted evaluations of one case.
  void run(const json& item, const test::GoldenCase& golden, const std::map<std::string, torch::Tensor>& arrays) {
    const std::string id = item.at("id"), denoiser = item.at("denoiser");
    SCOPED_TRACE(id + " " + golden.solver + " " + item.at("options").dump());
    const auto solver = make_solver(golden.solver);
    const auto x = test::golden_latents(inputs, denoiser) * golden.levels.front();
    std::vector<torch::Tensor> states = {x}, churned, sigmas, errors, sizes, accepted;
    IntegrateOptions options = golden.options;
    options.noise = [&](int64_t step) { return bank.at(denoiser)[step]; };
    int64_t drawn = 0;
    options.brownian = brownian_of(denoiser, drawn);
    options.observer = [&](const StepView& view) {
      if (!solver->adaptive()) states.push_back(view.x_after);
      churned.push_back(view.x_hat);
    };
    int64_t accepted_so_far = 0;
    options.on_attempt = [&](const Attempt& attempt) {
      accepted_so_far += attempt.accepted ? 1 : 0;
      states.push_back(attempt.x);
      sigmas.push_back(scalar(attempt.accepted ? attempt.to : attempt.from));
      errors.push_back(scalar(attempt.error));
      sizes.push_back(scalar(attempt.next));
      accepted.push_back(scalar(static_cast<double>(accepted_so_far)));
    };
    const auto result = integrate(*solver, models.at(denoiser)->bind(), x, golden.levels, options);

    if (golden.scaled_states) scale(states, golden.levels);
    const double tolerance = 1e-9 * std::max(1.0, item.at("cond").get<double>());
    EXPECT_LE(test::deviation(torch::stack(states), arrays.at(id)), tolerance);
    EXPECT_LE(test::deviation(result.x, arrays.at(id)[-1]), tolerance);
    EXPECT_EQ(result.nfe, item.at("nfe").get<int64_t>());
    // With eta = 0 the peers draw, and multiply by 0, what we do not draw.
    if (solver->stochastic()) {
      EXPECT_EQ(drawn, item.at("noise_used").get<int64_t>());
    } else {
      EXPECT_EQ(drawn, 0);
    }
    const std::map<std::string, std::vector<torch::Tensor>> extra = {
        {"x_hat", churned}, {"sigma", sigmas}, {"error", errors}, {"h", sizes}, {"n_accept", accepted}};
    for (const auto& name : item.value("extra_arrays", std::vector<std::string>{})) {
      EXPECT_LE(test::deviation(torch::stack(extra.at(name)), arrays.at(id + "." + name)), tolerance) << name;
    }
  }

  static torch::Tensor scalar(double value) { return torch::scalar_tensor(value, torch::kFloat64); }

  static void scale(std::vector<torch::Tensor>& states, const std::vector<double>& levels) {
    for (size_t i = 0; i < states.size(); ++i) states[i] = states[i] / std::hypot(1, levels[i]);
  }

  std::filesystem::path dir;
  json inputs, schedules;
  std::map<std::string, torch::Tensor> bank;
  std::map<std::string, std::unique_ptr<Denoiser>> models;
};

// What the cases run on is what the golden file means.
TEST_F(GoldenSolvers, golden_denoisers_are_their_formulas) {
  for (const auto& [name, model] : models) {
    const auto formula = test::golden_denoiser(inputs, name);
    for (const double sigma : {0.002, 0.05, 0.5, 3.0, 80.0}) {
      const auto x = test::golden_latents(inputs, name) * sigma;
      EXPECT_LE(test::deviation((*model)(x, sigma), formula(x, sigma)), 1e-12) << name << " " << sigma;
    }
  }
}

TEST_F(GoldenSolvers, golden_every_case) {
  std::map<std::string, int> ran, left;
  std::map<std::string, std::map<std::string, torch::Tensor>> arrays;
  for (const auto& item : test::read_json(dir / "solvers_index.json")) {
    const std::string family = item.at("family"), solver = item.at("solver");
    const auto golden = test::golden_case(item, schedules);
    if (!golden) {
      ++left[solver];
      continue;
    }
    if (!arrays.contains(family)) arrays[family] = read_npz(dir / ("solvers_" + family + ".npz"));
    run(item, *golden, arrays.at(family));
    ++ran[solver];
  }
  for (const auto& [peer, count] : ran) std::cout << "golden: " << count << " cases of " << peer << "\n";
  for (const auto& [peer, count] : left) ADD_FAILURE() << count << " cases of " << peer << " are not run";
}

// The weights themselves, and not only where they lead.
TEST_F(GoldenSolvers, golden_deis_coefficients) {
  for (const auto& entry : schedules.at("deis_coefficients")) {
    const std::string schedule = entry.at("schedule");
    const int order = entry.at("sampler_max_order");
    const auto levels = schedules.at("named").at(schedule).at("sigmas").get<std::vector<double>>();
    const auto plan = plan_run(*make_solver("euler"), levels);
    const bool tab = entry.at("deis_mode") == "tab";
    for (size_t i = 1; i + 1 < levels.size(); ++i) {
      const auto step = static_cast<int64_t>(i);
      const auto& expected = entry.at("coeffs").at(i);
      const auto weights = tab ? deis_tab_compat_weights(plan, step, order) : rhoab_weights(plan, step, order);
      EXPECT_LE(test::deviation(torch::tensor(weights, torch::kFloat64), test::to_tensor(expected)), 1e-11)
          << schedule << " " << order << " step " << i;
    }
  }
}

}  // namespace
}  // namespace farfield
