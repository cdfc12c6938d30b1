// Properties that every solver in the table must have. A new row is checked by these tests without a change here.
#include <algorithm>
#include <cmath>
#include <set>

#include <fmt/format.h>

#include "core/named_options.h"
#include "core/text.h"
#include "samplers/integrate.h"
#include "samplers/schedules/noise_levels.h"
#include "samplers/schedules/schedule_registry.h"
#include "samplers/solvers/solver_registry.h"
#include "tests/samplers/solver_variants.h"
#include "tests/support/test_support.h"
#include "tests/support/thread_count.h"
#include "tests/support/toy_denoisers.h"

namespace farfield {
namespace {

using test::quiet;
using test::solver_variants;
using test::toy_latents;

class SolverSweepOver : public testing::TestWithParam<std::string> {};

// The lowest levels that a schedule is swept with; without a value, those of its tables.
std::vector<std::optional<double>> lowest_levels(const ScheduleEntry& schedule) {
  if (!schedule.takes_range) return {std::nullopt};
  if (schedule.reaches_zero) return {0, 1e-12, 1e-8, 2e-3};
  return {1e-12, 1e-8, 2e-3};
}

// Every N up to 40; some N for the rectangles of deis_tab_compat, 10,000 a step.
bool is_swept(const std::string& solver, int64_t steps) {
  const bool every = !(solver.starts_with("deis_tab") && solver.ends_with("_compat"));
  return every || std::set<int64_t>{1, 2, 3, 4, 5, 6, 9, 40}.contains(steps);
}

TEST_P(SolverSweepOver, finite_for_every_step_count_and_end) {
  const test::ThreadCount one(1);
  const auto denoise = test::toy_two_modes();
  const auto latents = toy_latents();
  const auto run = [&](const Solver& solver, const std::string& text, const std::vector<double>& levels, bool stiff) {
    const auto what = fmt::format("{} in {} steps from {} to {}, {}", text, levels.size() - 1, levels.front(),
                                  levels[levels.size() - 2], levels.back());
    try {
      const auto result = integrate(solver, denoise, latents * levels.front(), levels, quiet(latents));
      EXPECT_LT(result.x.abs().max().item<double>(), stiff ? 1e100 : 1e3) << what;
    } catch (const Error& error) {
      ADD_FAILURE() << what << ": " << error.what();
    }
  };
  for (const auto& text : solver_variants()) {
    const auto solver = make_solver(text);
    const bool stiff = text.starts_with("edm_ablation,schedule=");  // Heun in t = sigma^2: see solvers.h
    std::set<std::vector<double>> done;
    for (const auto& sigma_min : lowest_levels(find_schedule(GetParam()))) {
      if (stiff && sigma_min.value_or(2e-3) < 2e-3) continue;
      for (const char* final : {"zero", "sigma_min"}) {
        for (int64_t steps = 1; steps <= 40; ++steps) {
          if (!is_swept(text, steps)) continue;
          const auto levels = noise_levels(
              {.schedule = GetParam(), .steps = steps, .sigma_min = sigma_min, .final = final});
          ASSERT_EQ(static_cast<int64_t>(levels.size()), steps + 1);
          if (done.insert(levels).second) run(*solver, text, levels, stiff);
        }
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Schedules, SolverSweepOver, testing::ValuesIn(schedule_names()),
                         [](const auto& schedule) { return schedule.param; });

TEST(SolverSweep, evaluations_are_counted_and_nothing_is_changed_in_place) {
  for (const auto& name : solver_names()) {
    const auto solver = make_solver(name);
    for (const int64_t steps : {1, 2, 3, 4, 7}) {
      const auto levels = noise_levels({.steps = steps});
      const auto x = toy_latents() * levels.front(), copy = x.clone();
      int64_t calls = 0;
      const auto denoise = [&, inner = test::toy_gaussian()](const torch::Tensor& state, double sigma) {
        EXPECT_GT(sigma, 0);
        ++calls;
        return inner(state, sigma);
      };
      const auto result = integrate(*solver, denoise, x, levels, quiet(x));
      EXPECT_EQ(result.nfe, calls) << name;
      if (!solver->adaptive()) {
        EXPECT_EQ(count_evaluations(*solver, levels), calls) << name;
      }
      EXPECT_TRUE(torch::equal(x, copy)) << name << " wrote into the state it was given";
    }
  }
}

// What the table says of a solver, "two evaluations a step". Published variants say nothing and take what is usual, one.
int64_t evaluations_a_step(const SolverEntry& entry) {
  const std::vector<std::string> words = {"one evaluation", "two evaluations", "three evaluations", "four evaluations"};
  for (size_t i = 0; i < words.size(); ++i) {
    if (entry.summary.find(words[i] + " a step") != std::string::npos) return static_cast<int64_t>(i) + 1;
  }
  EXPECT_TRUE(entry.name == "dpm_fast" || entry.name.ends_with("_compat"))
      << entry.name << " does not say what it costs";
  return 1;
}

TEST(SolverSweep, evaluations_are_those_of_the_method_for_every_step_count) {
  for (const auto& entry : solver_table()) {
    const auto solver = make_solver(entry.name);
    if (solver->adaptive()) continue;
    const int64_t each = evaluations_a_step(entry);
    for (int64_t steps = 1; steps <= 40; ++steps) {
      const bool starts_with_two = entry.name == "spndm";
      const bool needs_no_end = entry.name == "midpoint" || entry.name == "ralston";  // no stage stands at sigma = 0
      EXPECT_EQ(count_evaluations(*solver, noise_levels({.steps = steps, .final = "sigma_min"})),
                each * steps + (starts_with_two ? 1 : 0))
          << entry.name << " " << steps;
      EXPECT_EQ(count_evaluations(*solver, noise_levels({.steps = steps})),
                each * steps - (needs_no_end ? 0 : each - 1) + (starts_with_two && steps > 1 ? 1 : 0))
          << entry.name << " " << steps;
    }
  }
}

TEST(SolverSweep, one_object_serves_interleaved_runs) {
  const auto levels = noise_levels({.steps = 6});
  const auto x = toy_latents() * levels.front(), other = x.flip(0) * 0.9;
  const auto denoise = test::toy_two_modes();
  for (const auto& name : solver_names()) {
    const auto solver = make_solver(name);
    const auto alone = integrate(*solver, denoise, x, levels, quiet(x));
    const auto other_alone = integrate(*solver, denoise, other, levels, quiet(x));
    IntegrateOptions options = quiet(x);
    options.observer = [&](const StepView&) {  // a whole second run inside every step of the first
      EXPECT_TRUE(torch::equal(integrate(*solver, denoise, other, levels, quiet(x)).x, other_alone.x)) << name;
    };
    EXPECT_TRUE(torch::equal(integrate(*solver, denoise, x, levels, options).x, alone.x)) << name;
  }
}

TEST(SolverSweep, rows_of_a_batch_do_not_see_each_other_nor_the_threads) {
  const auto levels = noise_levels({.steps = 6});
  const auto denoise = test::toy_two_modes();
  const auto x = torch::linspace(-2, 2, 64 * 1024, torch::kFloat64).view({64, 1024}) * levels.front();
  for (const auto& name : solver_names()) {
    const auto solver = make_solver(name);
    if (solver->adaptive()) continue;  // one error estimate for the batch; sample() takes one sample at a time
    const test::ThreadCount one(1);
    const auto whole = integrate(*solver, denoise, x, levels, quiet(x)).x;
    for (const int64_t batch : {1, 7}) {
      std::vector<torch::Tensor> parts;
      for (const auto& part : x.split(batch)) {
        parts.push_back(integrate(*solver, denoise, part, levels, quiet(part)).x);
      }
      EXPECT_LE(test::deviation(torch::cat(parts), whole), 1e-12) << name << " in batches of " << batch;
    }
    for (const int count : {2, 3, 8}) {
      const test::ThreadCount many(count);
      const auto again = integrate(*solver, denoise, x, levels, quiet(x)).x;
      EXPECT_LE(test::deviation(again, whole), 1e-12) << name << ", " << count;
    }
  }
}

TEST(SolverSweep, churn_of_zero_draws_nothing_and_changes_no_bit) {
  const auto levels = noise_levels({.steps = 8});
  const auto x = toy_latents() * levels.front();
  const auto denoise = test::toy_gaussian();
  for (const auto& name : solver_names()) {
    const auto solver = make_solver(name);
    const auto plain = integrate(*solver, denoise, x, levels, quiet(x));
    int64_t drawn = 0;
    IntegrateOptions options = quiet(x);
    options.noise = [&](int64_t) { return ++drawn, torch::ones_like(x); };
    options.churn = {.s_churn = 0, .s_noise = 1.5};
    EXPECT_TRUE(torch::equal(integrate(*solver, denoise, x, levels, options).x, plain.x)) << name;
    EXPECT_EQ(drawn, 0);
    options.churn = {.s_churn = 40, .s_min = 100, .s_max = 200};  // no level in the range
    EXPECT_TRUE(torch::equal(integrate(*solver, denoise, x, levels, options).x, plain.x)) << name;
    const auto steps = static_cast<int64_t>(plan_run(*solver, levels).intervals.size());
    EXPECT_EQ(drawn, steps) << name << ": the stream is consumed in every step once churn is on";
  }
}

// On a Gaussian every step is affine, x' = a x + b, so that mean and variance of a churned run are known exactly.
TEST(SolverSweep, churn_has_the_moments_of_its_formula) {
  constexpr int64_t kSamples = 200'000;
  const test::ThreadCount one(1);
  const auto denoise = test::toy_gaussian();
  const auto levels = noise_levels({.steps = 12});
  const Churn churn{.s_churn = 6, .s_min = 0.05, .s_max = 30, .s_noise = 1.2};
  auto generator = at::make_generator<at::CPUGeneratorImpl>(7);
  const auto normals = [&] { return torch::randn({kSamples, 1}, generator, torch::kFloat64); };
  for (const auto& name : solver_names()) {
    const auto solver = make_solver(name);
    double mean = 0, variance = levels[0] * levels[0];
    const auto plan_memory = solver->make_memory(plan_run(*solver, levels));
    if (plan_memory != nullptr) continue;  // a multistep method is affine in its whole history, not in x alone
    for (size_t i = 0; i + 1 < levels.size(); ++i) {
      const double gamma = levels[i] >= 0.05 && levels[i] <= 30 ? std::min(6.0 / 12, std::sqrt(2.0) - 1) : 0;
      const double raised = levels[i] * (1 + gamma);
      variance += 1.2 * 1.2 * (raised * raised - levels[i] * levels[i]);
      const auto unit = torch::tensor({{0.0}, {1.0}}, torch::kFloat64);
      const auto ends = solver->step(denoise, unit, {raised, levels[i + 1]}, nullptr);
      const double b = ends.x[0].item<double>(), a = ends.x[1].item<double>() - b;
      mean = a * mean + b, variance *= a * a;
    }
    IntegrateOptions options;
    options.churn = churn;
    options.noise = [&](int64_t) { return normals(); };
    const auto x = integrate(*solver, denoise, normals() * levels[0], levels, options).x;
    const double deviation = std::sqrt(variance);
    EXPECT_NEAR(x.mean().item<double>(), mean, 5 * deviation / std::sqrt(kSamples)) << name;
    EXPECT_NEAR(x.var().item<double>(), variance, 5 * variance * std::sqrt(2.0 / kSamples)) << name;
  }
}

// Numbers worked out independently of this code, from the formulas, for one Gaussian coordinate: mean 0.3, variance 0.25, x = 56 at
// sigma = 80. They run without the golden folder. A solver of the table that is missing here fails.
struct KnownRun {
  NoiseLevelOptions levels;
  bool afs = false;
};
const KnownRun kP7{{.steps = 6, .final = "sigma_min"}}, kP7Zero{{.steps = 7}}, kEdm18{{.steps = 18}};
const KnownRun kP7Afs{{.steps = 6, .final = "sigma_min"}, true};
const KnownRun kSeven{{.steps = 7, .final = "sigma_min"}}, kEight{{.steps = 8, .final = "sigma_min"}};
const KnownRun kLogsnr{{.schedule = "logsnr", .steps = 6, .final = "sigma_min"}};

const KnownRun kFromTwo{{.steps = 3, .sigma_max = 2, .final = "sigma_min"}};

struct KnownNumber {
  std::string solver;
  KnownRun run;
  double value;
  int64_t nfe;
};

const std::vector<KnownNumber> kKnownNumbers = {
    {"euler", kP7, 0.5216445917, 6},
    {"euler", kP7Afs, 0.5196888586, 5},
    {"heun", kP7, 0.8422477521, 12},
    {"heun", kP7Afs, 0.8438025998, 11},
    {"heun", kP7Zero, 0.8422390763, 13},
    {"heun", kEdm18, 0.6673586535, 35},
    {"dpm2", kP7, 0.7420430387, 12},
    {"dpm2", kP7Zero, 0.7420359661, 13},
    {"midpoint", kP7, 0.6220771562, 12},
    {"ralston", kP7, 0.6547643659, 12},
    {"rk4", kP7, 0.6713807532, 24},
    {"dpmpp_1m", kP7, 0.5216445917, 6},
    {"dpmpp_2m", kP7, 0.6242616460, 6},
    {"dpmpp_2m,lower_order_final=no", kP7, 0.6992027138, 6},
    {"dpmpp_2m,predict=eps", kP7, 0.6089369898, 6},
    {"dpmpp_2m,predict=eps,lower_order_final=no", kP7, 0.6214489732, 6},
    {"dpmpp_2m", kP7Zero, 0.6991963266, 7},
    {"dpmpp_2m,lower_order_final=no", kP7Zero, 0.6991963266, 7},
    {"dpmpp_3m", kP7, 0.6521232998, 6},
    {"dpmpp_3m,lower_order_final=no", kP7, 1.0554299077, 6},
    {"dpmpp_3m,predict=eps", kP7, 0.6113395576, 6},
    {"dpmpp_3m,predict=eps,lower_order_final=no", kP7, 0.6345071873, 6},
    {"dpmpp_3m_compat", kP7, 0.6468790961, 6},
    {"dpmpp_3m_compat,lower_order_final=no", kP7, 0.9659736650, 6},
    {"dpmpp_3m_compat,predict=eps", kP7, 0.6105017732, 6},
    {"dpmpp_3m_compat,predict=eps,lower_order_final=no", kP7, 0.6252299660, 6},
    {"dpmpp_3m_compat", kLogsnr, 0.7448798347, 6},
    {"dpmpp_2m_sde,eta=0,type=heun", kP7Zero, 0.8050006099, 7},
    {"dpmpp_3m_sde,eta=0", kP7Zero, 1.0554466329, 7},
    {"dpmpp_3m_sde_compat,eta=0", kP7Zero, 0.9659885062, 7},
    {"dpmpp_2s", kP7Zero, 0.5955029238, 13},
    {"dpmpp_3s", kP7, 0.6458787149, 18},
    {"dpm_fast", kP7, 1.1901551944, 6},
    {"dpm_fast", kSeven, 0.7252723126, 7},
    {"dpm_fast", kEight, 0.7316699484, 8},
    {"dpm_adaptive_compat", kP7, 0.6919374549, 27},
    {"dpm_adaptive_compat,order=2", kP7, 0.6820379469, 28},
    {"dpm_adaptive", kP7, 0.6919374549, 26},
    {"dpm_adaptive,order=2", kP7, 0.6820379469, 25},
    {"ipndm1", kP7, 0.5216445917, 6},
    {"ipndm2", kP7, 0.5980461906, 6},
    {"ipndm3", kP7, 0.6472018290, 6},
    {"ipndm4", kP7, 0.6812353796, 6},
    {"ipndm4", kP7Afs, 0.6651033785, 5},
    {"ipndm_v1", kP7, 0.5216445917, 6},
    {"ipndm_v2", kP7, 0.5381603068, 6},
    {"ipndm_v3", kP7, 0.5422105486, 6},
    {"ipndm_v4", kP7, 0.5435173203, 6},
    {"ipndm_v3_compat", kP7, 0.6096403840, 6},
    {"ipndm_v4_compat", kP7, 0.6107241653, 6},
    {"deis_tab1", kP7, 0.5216445917, 6},
    {"deis_tab2", kP7, 0.5569821952, 6},
    {"deis_tab3", kP7, 0.5795979902, 6},
    {"deis_tab4", kP7, 0.5976370760, 6},
    {"deis_tab2_compat", kP7, 0.5569584122, 6},
    {"deis_tab3_compat", kP7, 0.5795423754, 6},
    {"deis_tab4_compat", kP7, 0.5975375353, 6},
    {"deis_rhoab1", kP7, 0.5216445917, 6},
    {"deis_rhoab2", kP7, 0.5381603068, 6},
    {"deis_rhoab3", kP7, 0.5422105486, 6},
    {"deis_rhoab4", kP7, 0.5435173203, 6},
    {"unipc1_bh1", kP7, 0.5395737211, 6},
    {"unipc2_bh1", kP7, 0.7931806033, 6},
    {"unipc3_bh1", kP7, 0.7973782239, 6},
    {"unipc1_bh2", kP7, 0.5302977439, 6},
    {"unipc2_bh2", kP7, 0.6313562618, 6},
    {"unipc3_bh2", kP7, 0.6552960032, 6},
    {"unipc3_bh2", kLogsnr, 0.7664520958, 6},
    {"unipc1_bh1,predict=eps", kP7, 0.6617107535, 6},
    {"unipc2_bh1,predict=eps", kP7, 0.7307889182, 6},
    {"unipc3_bh1,predict=eps", kP7, 0.6969538873, 6},
    {"unipc1_bh2,predict=eps", kP7, 0.8663186678, 6},
    {"unipc2_bh2,predict=eps", kP7, 0.7174490067, 6},
    {"unipc3_bh2,predict=eps", kP7, 0.6940327641, 6},
    {"lms1", kP7, 0.5216445917, 6},
    {"lms2", kP7, 0.5381603068, 6},
    {"lms3", kP7, 0.5422105486, 6},
    {"lms4", kP7Zero, 0.5435153953, 7},
    {"spndm", kP7, 0.5980480359, 7},
    {"res_2s", kP7Zero, 0.6200226235, 13},
    {"res_multistep", kP7Zero, 0.8050006099, 7},
    {"mean_shift", kFromTwo, 2.3315421946, 3},
    {"edm_ablation", kP7Zero, 0.8422390763, 13},
    {"edm_ablation,rule=euler", kP7Zero, 0.5216410455, 7},
    {"edm_ablation,scaling=vp,alpha=0.6666666666666666", kP7Zero, 0.6538035517, 13},
    {"edm_ablation,schedule=ve", kP7Zero, 1.5164371153, 13},
    {"edm_ablation,schedule=vp", kP7Zero, 3.2713623751, 13},
    {"edm_ablation,schedule=vp,scaling=vp", kP7Zero, 0.6229050500, 13},
    {"edm_ablation,schedule=vp,scaling=vp,rule=euler", kP7Zero, 0.7009019680, 7},
};

TEST(SolverSweep, known_numbers) {
  std::set<std::string> missing;
  for (const auto& name : solver_names()) {
    const auto solver = make_solver(name);
    if (!solver->stochastic() && name != "dopri5") missing.insert(name);  // dopri5: adaptive_solvers_test.cpp
  }
  for (const auto& known : kKnownNumbers) {
    missing.erase(parse_named_options("solver", known.solver).name);
    const auto x = torch::full({1, 1}, 56, torch::kFloat64);
    const auto result = integrate(*make_solver(known.solver), test::toy_gaussian(), x, noise_levels(known.run.levels),
                                  {.afs = known.run.afs});
    EXPECT_NEAR(result.x.item<double>(), known.value, 1e-10) << known.solver;
    EXPECT_EQ(result.nfe, known.nfe) << known.solver;
  }
  for (const auto& name : missing) ADD_FAILURE() << "add a known number for " << name;
}

// Where the numbers of an option are worked out from the levels.
TEST(SolverSweep, edm_ablation_fits_vp_to_the_first_level_and_the_last_above_zero) {
  const auto x = torch::full({1, 1}, 56, torch::kFloat64);
  for (const int64_t steps : {2, 3}) {
    const auto levels = noise_levels({.steps = steps});
    const auto fitted = integrate(*make_solver("edm_ablation,schedule=vp"), test::toy_gaussian(), x, levels);
    const auto given = make_solver("edm_ablation,schedule=vp,vp_min=0.002,vp_max=80");
    EXPECT_NEAR(fitted.x.item<double>() / integrate(*given, test::toy_gaussian(), x, levels).x.item<double>(), 1,
                1e-12);
  }
}

TEST(SolverRegistry, an_unknown_name_gets_the_nearest) {
  const auto error = test::error_of([] { make_solver("huen"); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ExitCode::kUsage);
  EXPECT_NE(std::string(error->what()).find("did you mean 'heun'"), std::string::npos) << error->what();
}

TEST(SolverRegistry, without_noise_the_full_order_is_claimed) {
  EXPECT_EQ(make_solver("dpmpp_3m_sde")->order(), 2);
  EXPECT_EQ(make_solver("dpmpp_3m_sde,eta=0")->order(), 3);
  EXPECT_EQ(make_solver("dpmpp_3m_sde_compat,eta=0")->order(), 2);
}

TEST(SolverRegistry, names_are_unique_and_what_the_objects_say) {
  std::set<std::string> seen;
  for (const auto& entry : solver_table()) {
    EXPECT_TRUE(seen.insert(entry.name).second) << entry.name;
    EXPECT_EQ(make_solver(entry.name)->name(), entry.name);
    EXPECT_FALSE(entry.summary.empty());
  }
}

}  // namespace
}  // namespace farfield
