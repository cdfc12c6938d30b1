#include <map>

#include "core/io/npz.h"
#include "samplers/integrate.h"
#include "samplers/noise_levels.h"
#include "samplers/solver_registry.h"
#include "samplers/trajectory.h"
#include "tests/samplers/golden_models.h"
#include "tests/support/golden_denoisers.h"
#include "tests/support/test_support.h"
#include "tests/support/thread_count.h"

namespace farfield {
namespace {

using nlohmann::json;

// Peers' names of the methods we have. Options that are methods of their own come with them.
const std::map<std::string, std::string> kOurName = {
    {"euler", "euler"}, {"heun", "heun"}, {"k_euler", "euler"}, {"k_heun", "heun"}, {"edm", "heun"}};
const std::vector<std::string> kOptionsToCome = {"afs", "denoise_to_zero"};

bool is_covered(const json& item) {
  if (!kOurName.contains(item.at("solver"))) return false;
  for (const auto& name : kOptionsToCome) {
    if (item.at("options").value(name, false)) return false;
  }
  return true;
}

double number(const json& options, const std::vector<std::string>& spellings, double fallback) {
  for (const auto& name : spellings) {
    if (!options.contains(name)) continue;
    return options[name] == "inf" ? std::numeric_limits<double>::infinity() : options[name].get<double>();
  }
  return fallback;
}

std::vector<double> levels_of(const json& item, const json& schedules) {
  const json& options = item.at("options");
  if (item.at("schedule").is_null()) {
    return noise_levels({.steps = options.at("num_steps"),
                         .sigma_min = options.at("sigma_min"),
                         .sigma_max = options.at("sigma_max"),
                         .rho = options.at("rho")});
  }
  auto levels = schedules.at("named").at(item.at("schedule").get<std::string>()).at("sigmas").get<std::vector<double>>();
  if (item.value("append_zero", false)) levels.push_back(0);
  return levels;
}

Churn churn_of(const json& options) {
  const Churn none;
  return {number(options, {"s_churn", "S_churn"}, none.s_churn), number(options, {"s_tmin", "S_min"}, none.s_min),
          number(options, {"s_tmax", "S_max"}, none.s_max), number(options, {"s_noise", "S_noise"}, none.s_noise)};
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

  // The whole trajectory, the states after churn and the counted evaluations of one case.
  void run(const json& item, const std::map<std::string, torch::Tensor>& arrays) {
    const std::string id = item.at("id"), denoiser = item.at("denoiser");
    SCOPED_TRACE(id + " " + item.at("solver").get<std::string>() + " " + item.at("options").dump());
    const auto levels = levels_of(item, schedules);
    const auto x = test::golden_latents(inputs, denoiser) * levels.front();
    const auto expected = arrays.at(id);
    ASSERT_EQ(expected.size(0), static_cast<int64_t>(levels.size()));

    auto states = torch::empty_like(expected);
    std::vector<torch::Tensor> churned;
    const auto record = record_states(states);
    IntegrateOptions options;
    options.churn = churn_of(item.at("options"));
    options.noise = [&](int64_t step) { return bank.at(denoiser)[step]; };
    options.observer = [&](const StepView& view) {
      record(view);
      churned.push_back(view.x_hat);
    };
    const auto solver = make_solver(kOurName.at(item.at("solver")));
    const auto result = integrate(*solver, models.at(denoiser)->bind(), x, levels, options);

    const double tolerance = 1e-9 * std::max(1.0, item.at("cond").get<double>());
    EXPECT_LE(test::deviation(states, expected), tolerance);
    EXPECT_LE(test::deviation(result.x, expected[-1]), tolerance);
    EXPECT_EQ(result.nfe, item.at("nfe").get<int64_t>());
    if (const auto x_hat = arrays.find(id + ".x_hat"); x_hat != arrays.end()) {
      EXPECT_LE(test::deviation(torch::stack(churned), x_hat->second), tolerance);
    }
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

TEST_F(GoldenSolvers, golden_every_case_of_a_method_we_have) {
  std::map<std::string, int> ran;
  std::map<std::string, std::map<std::string, torch::Tensor>> arrays;
  for (const auto& item : test::read_json(dir / "solvers_index.json")) {
    if (!is_covered(item)) continue;
    const std::string family = item.at("family");
    if (!arrays.contains(family)) arrays[family] = read_npz(dir / ("solvers_" + family + ".npz"));
    run(item, arrays.at(family));
    ++ran[item.at("solver")];
  }
  for (const auto& [peer, ours] : kOurName) EXPECT_GT(ran[peer], 0) << "no case of " << peer << " in the index";
  for (const auto& [peer, count] : ran) std::cout << "golden: " << count << " cases of " << peer << "\n";
}

}  // namespace
}  // namespace farfield
