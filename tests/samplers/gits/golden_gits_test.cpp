// GITS against the public code: costs of every teacher, every dynamic program, the choice for AFS.
#include <map>

#include "core/io/npz.h"
#include "samplers/gits/gits_afs.h"
#include "samplers/gits/gits_cost.h"
#include "samplers/gits/gits_dp.h"
#include "samplers/integrate.h"
#include "samplers/solvers/slope.h"
#include "samplers/solvers/solver_registry.h"
#include "tests/samplers/golden_models.h"
#include "tests/support/golden_denoisers.h"
#include "tests/support/test_support.h"
#include "tests/support/thread_count.h"

namespace farfield {
namespace {

using nlohmann::json;
using torch::Tensor;

struct Paths {
  Tensor states, slopes;  // [T, B, D], [T - 1, B, D]
};

Paths run(const Solver& solver, const DenoiseFn& denoise, const Tensor& latents, const std::vector<double>& levels,
          IntegrateOptions options = {}) {
  std::vector<Tensor> states = {latents * levels.front()}, slopes;
  options.observer = [&](const StepView& view) {
    states.push_back(view.x_after.clone());
    // The public code thresholds D within the solver; the slope it hands to the costs is of D as the model gave it.
    const auto raw = [&] { return slope(view.x_hat, denoise(view.x_hat, view.sigma_from), view.sigma_from); };
    slopes.push_back(options.threshold ? raw() : view.slope.clone());
  };
  integrate(solver, denoise, states.front(), levels, options);
  return {torch::stack(states), torch::stack(slopes)};
}

class GoldenGits : public ::testing::Test {
 protected:
  const test::ThreadCount one{1};

  void SetUp() override {
    const auto found = test::golden_dir();
    if (!found) GTEST_SKIP() << "no golden vectors: set FARFIELD_GOLDEN or put them at ../shared/golden";
    index = test::read_json(*found / "gits_index.json");
    arrays = read_npz(*found / "gits.npz");
    const auto inputs = test::read_json(*found / "inputs.json");
    for (const char* name : {"gmm2d", "delta4d"}) models[name] = test::golden_model(inputs, name);
  }

  Tensor latents(const std::string& denoiser) { return arrays.at("warmup_" + denoiser); }
  const json& case_of(const std::string& id) {
    for (const auto& item : index.at("cost_matrices")) {
      if (item.at("id") == id) return item;
    }
    throw std::out_of_range(id);
  }

  json index;
  std::map<std::string, Tensor> arrays;
  std::map<std::string, std::unique_ptr<Denoiser>> models;
};

// Every schedule of dp_index_lists from these costs; the number compared.
int compare_schedules(const Tensor& costs, const json& lists) {
  int compared = 0;
  for (const auto& [gamma, by_nfe] : lists.items()) {
    const auto paths = gits_paths(costs, std::stod(gamma), std::min<int64_t>(10, costs.size(0) - 1));
    for (const auto& [nfe, indices] : by_nfe.items()) {
      EXPECT_EQ(paths.at(std::stoul(nfe) - 1).indices, indices.get<std::vector<int64_t>>()) << gamma << " " << nfe;
      ++compared;
    }
  }
  return compared;
}

TEST_F(GoldenGits, golden_every_dynamic_program) {
  int compared = 0;
  for (const char* list : {"cost_matrices", "dp_only"}) {
    for (const auto& item : index.at(list)) {
      const std::string id = item.contains("id") ? item.at("id") : item.at("cost");
      SCOPED_TRACE(id);
      compared += compare_schedules(arrays.at(id).contiguous(), item.at("dp_index_lists"));
    }
  }
  std::cout << "golden: " << compared << " schedules\n";
  EXPECT_GE(compared, 1488);
}

// Our solver for a teacher as the public code runs it. An unknown one throws: the test fails on it.
std::pair<std::string, IntegrateOptions> teacher_of(const json& teacher) {
  const std::string solver = teacher.at("solver");
  const std::string order = teacher.at("max_order").is_null() ? "" : std::to_string(teacher.at("max_order").get<int>());
  const std::map<std::string, std::string> plain = {
      {"euler", "euler"},           {"heun", "heun"},         {"dpm", "dpm2"},
      {"ipndm4", "ipndm4"},         {"ipndm_v2", "ipndm_v2"}, {"deis3", "deis_tab3_compat"},
      {"dpmpp3", "dpmpp_3m_compat"}};
  IntegrateOptions options;
  if (solver == "dpmpp") options.threshold = 0.995;
  return {plain.at(solver + order), options};
}

std::vector<double> t_steps(const json& item) { return item.at("t_steps").get<std::vector<double>>(); }

TEST_F(GoldenGits, golden_costs_of_every_teacher_and_their_schedules) {
  std::map<std::string, Paths> runs;
  for (const auto& item : index.at("cost_matrices")) {
    const std::string id = item.at("id"), denoiser = item.at("denoiser");
    SCOPED_TRACE(id + " " + item.at("teacher").dump() + " " + item.at("metric").get<std::string>());
    const auto levels = t_steps(item);
    const auto [solver, options] = teacher_of(item.at("teacher"));
    const std::string key = denoiser + item.at("teacher").dump();
    if (!runs.contains(key)) {
      const auto names = solver_names();
      if (std::find(names.begin(), names.end(), solver.substr(0, solver.find(','))) == names.end()) {
        ADD_FAILURE() << "no solver " << solver;
        continue;
      }
      runs[key] = run(*make_solver(solver), models.at(denoiser)->bind(), latents(denoiser), levels, options);
    }
    const auto metric = parse_gits_metric(item.at("metric"));
    const auto costs = gits_costs(metric, levels, runs[key].states, runs[key].slopes).mean(0);
    EXPECT_LE(test::deviation(costs, arrays.at(id)), 1e-9);
    EXPECT_TRUE(item.at("unstable_under_1e9_cost_noise").empty());
    compare_schedules(costs, item.at("dp_index_lists"));
  }
}

TEST_F(GoldenGits, golden_teacher_trajectories_and_their_deviation) {
  for (const auto& [denoiser, model] : models) {
    const auto& item = case_of(denoiser == "gmm2d" ? "cost_000" : "cost_013");
    const auto levels = t_steps(item);
    const auto paths = run(*make_solver("ipndm4"), model->bind(), latents(denoiser), levels);
    EXPECT_LE(test::deviation(paths.states, arrays.at("teacher_traj_" + denoiser)), 1e-9);
    const auto deviations = chord_deviations(arrays.at("teacher_traj_" + denoiser).contiguous());
    const auto expected = arrays.at("teacher_deviation_" + denoiser);
    EXPECT_LE(test::deviation(deviations.narrow(1, 1, expected.size(1)), expected), 1e-9);
    EXPECT_LE(deviations.select(1, 0).max().item<double>(), 1e-12);
    EXPECT_EQ(deviations.select(1, -1).max().item<double>(), 0);
  }
}

// As the public code, which runs the teacher with the analytical first step too.
TEST_F(GoldenGits, golden_choice_for_the_analytical_first_step) {
  const std::map<std::string, std::string> students = {
      {"euler", "euler"}, {"ipndm", "ipndm4"}, {"heun", "heun"}, {"ipndm_v", "ipndm_v4_compat"}, {"dpm", "dpm2"}};
  std::map<std::string, Paths> teachers;
  for (const auto& item : index.at("afs_selection")) {
    const std::string denoiser = item.at("denoiser");
    SCOPED_TRACE(item.dump());
    const auto levels = t_steps(case_of(denoiser == "gmm2d" ? "cost_000" : "cost_013"));
    const auto denoise = models.at(denoiser)->bind();
    if (!teachers.contains(denoiser)) {
      teachers[denoiser] = run(*make_solver("ipndm4"), denoise, latents(denoiser), levels, {.afs = true});
    }
    const Paths& teacher = teachers[denoiser];
    const auto costs = gits_costs(parse_gits_metric(item.at("metric")), levels, teacher.states, teacher.slopes).mean(0);
    EXPECT_LE(test::deviation(costs, arrays.at(item.at("cost"))), 1e-9);
    const auto paths = gits_paths(costs, item.at("coeff"), item.at("student_nfe"));
    EXPECT_EQ(paths.back().indices, item.at("dp_list_without_afs").get<std::vector<int64_t>>());
    const auto student = make_solver(students.at(item.at("student")));
    const auto with_afs = with_afs_level(paths.back().indices, [&](const std::vector<int64_t>& indices) {
      std::vector<double> chosen;
      for (const int64_t index : indices) chosen.push_back(levels[index]);
      return integrate(*student, denoise, latents(denoiser) * levels.front(), chosen, {.afs = true}).x;
    }, teacher.states[-1]);
    EXPECT_EQ(with_afs, item.at("dp_list_with_afs").get<std::vector<int64_t>>());
  }
}

}  // namespace
}  // namespace farfield
