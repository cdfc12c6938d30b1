// Properties that every solver in the table must have. A new row is checked by these tests without a change here.
#include <algorithm>
#include <cmath>
#include <set>

#include "samplers/integrate.h"
#include "samplers/noise_levels.h"
#include "samplers/schedule_registry.h"
#include "samplers/solver_registry.h"
#include "samplers/trajectory.h"
#include "tests/support/test_support.h"
#include "tests/support/thread_count.h"
#include "tests/support/toy_denoisers.h"

namespace farfield {
namespace {

constexpr int64_t kStepCounts[] = {64, 128, 256};

torch::Tensor toy_latents() { return torch::linspace(-1.7, 2.1, 12, torch::kFloat64).view({4, 3}); }

// The slope of log error against log step size, by least squares over kStepCounts.
double measured_order(const Solver& solver, const test::ToyDenoiser& denoise) {
  const NoiseLevelOptions range{.sigma_min = 0.1, .sigma_max = 10, .final = "sigma_min"};
  const auto x = toy_latents() * *range.sigma_max;
  const auto exact = test::reference_flow(denoise, x, *range.sigma_max, *range.sigma_min);
  double sum_x = 0, sum_y = 0, sum_xx = 0, sum_xy = 0;
  for (const int64_t steps : kStepCounts) {
    auto options = range;
    options.steps = steps;
    const auto result = integrate(solver, denoise, x, noise_levels(options));
    const double log_h = -std::log(static_cast<double>(steps));
    const double log_error = std::log((result.x - exact).abs().mean().item<double>());
    sum_x += log_h, sum_y += log_error, sum_xx += log_h * log_h, sum_xy += log_h * log_error;
  }
  const double n = std::size(kStepCounts);
  return (n * sum_xy - sum_x * sum_y) / (n * sum_xx - sum_x * sum_x);
}

// On a Gaussian the ODE is affine and a method may be better than it claims (the midpoint rule is of order 3 there); on
// two modes it may not.
TEST(SolverSweep, the_measured_order_is_the_claimed_one) {
  const test::ThreadCount one(1);
  for (const auto& name : solver_names()) {
    const auto solver = make_solver(name);
    const double gaussian = measured_order(*solver, test::toy_gaussian());
    const double two_modes = measured_order(*solver, test::toy_two_modes());
    EXPECT_GT(gaussian, solver->order() - 0.2) << name << " on a Gaussian";
    EXPECT_NEAR(two_modes, solver->order(), 0.2) << name << " on two modes";
    std::cout << name << ": claimed order " << solver->order() << ", measured " << gaussian << " on a Gaussian and "
              << two_modes << " on two modes\n";
  }
}

TEST(SolverSweep, finite_for_every_step_count_end_and_schedule) {
  const test::ThreadCount one(1);
  const auto denoise = test::toy_two_modes();
  const auto latents = toy_latents();
  for (const auto& name : solver_names()) {
    const auto solver = make_solver(name);
    for (const auto& schedule : schedule_names()) {
      for (const char* final : {"zero", "sigma_min"}) {
        for (const double sigma_min : {0.0, 1e-12, 1e-8, 2e-3}) {
          for (int64_t steps = 1; steps <= 40; ++steps) {
            NoiseLevelOptions options{.schedule = schedule, .steps = steps, .final = final};
            if (find_schedule(schedule).takes_range) options.sigma_min = sigma_min;
            std::vector<double> levels;
            try {
              levels = noise_levels(options);
            } catch (const Error& error) {
              EXPECT_EQ(error.code(), ExitCode::kUsage);
              EXPECT_EQ(sigma_min, 0) << "only a schedule that cannot reach 0 may refuse: " << error.what();
              continue;
            }
            ASSERT_EQ(static_cast<int64_t>(levels.size()), steps + 1);
            const auto result = integrate(*solver, denoise, latents * levels.front(), levels);
            ASSERT_TRUE(result.x.isfinite().all().item<bool>() && result.x.abs().max().item<double>() < 1e3)
                << name << " " << schedule << " steps " << steps << " sigma_min " << sigma_min << " final " << final;
          }
        }
      }
    }
  }
}

TEST(SolverSweep, evaluations_are_counted_and_nothing_is_changed_in_place) {
  for (const auto& name : solver_names()) {
    const auto solver = make_solver(name);
    const auto levels = noise_levels({.steps = 7});
    const auto x = toy_latents() * levels.front(), copy = x.clone();
    int64_t calls = 0;
    const auto denoise = [&, inner = test::toy_gaussian()](const torch::Tensor& state, double sigma) {
      EXPECT_GT(sigma, 0);
      ++calls;
      return inner(state, sigma);
    };
    const auto result = integrate(*solver, denoise, x, levels);
    EXPECT_EQ(result.nfe, calls) << name;
    EXPECT_EQ(count_evaluations(*solver, levels), calls) << name;
    EXPECT_TRUE(torch::equal(x, copy)) << name << " wrote into the state it was given";
  }
}

TEST(SolverSweep, one_object_serves_interleaved_runs) {
  const auto levels = noise_levels({.steps = 6});
  const auto x = toy_latents() * levels.front(), other = x.flip(0) * 0.9;
  const auto denoise = test::toy_two_modes();
  for (const auto& name : solver_names()) {
    const auto solver = make_solver(name);
    const auto alone = integrate(*solver, denoise, x, levels), other_alone = integrate(*solver, denoise, other, levels);
    IntegrateOptions options;
    options.observer = [&](const StepView&) {  // a whole second run inside every step of the first
      EXPECT_TRUE(torch::equal(integrate(*solver, denoise, other, levels).x, other_alone.x)) << name;
    };
    EXPECT_TRUE(torch::equal(integrate(*solver, denoise, x, levels, options).x, alone.x)) << name;
  }
}

TEST(SolverSweep, rows_of_a_batch_do_not_see_each_other_nor_the_threads) {
  const auto levels = noise_levels({.steps = 10});
  const auto denoise = test::toy_two_modes();
  const auto x = torch::linspace(-2, 2, 64 * 1024, torch::kFloat64).view({64, 1024}) * levels.front();
  for (const auto& name : solver_names()) {
    const auto solver = make_solver(name);
    const test::ThreadCount one(1);
    const auto whole = integrate(*solver, denoise, x, levels).x;
    for (const int64_t batch : {1, 7}) {
      std::vector<torch::Tensor> parts;
      for (const auto& part : x.split(batch)) parts.push_back(integrate(*solver, denoise, part, levels).x);
      EXPECT_LE(test::deviation(torch::cat(parts), whole), 1e-12) << name << " in batches of " << batch;
    }
    for (const int count : {2, 3, 8}) {
      const test::ThreadCount many(count);
      EXPECT_LE(test::deviation(integrate(*solver, denoise, x, levels).x, whole), 1e-12) << name << ", " << count;
    }
  }
}

TEST(SolverSweep, churn_of_zero_draws_nothing_and_changes_no_bit) {
  const auto levels = noise_levels({.steps = 8});
  const auto x = toy_latents() * levels.front();
  const auto denoise = test::toy_gaussian();
  for (const auto& name : solver_names()) {
    const auto solver = make_solver(name);
    const auto plain = integrate(*solver, denoise, x, levels);
    int64_t drawn = 0;
    IntegrateOptions options;
    options.noise = [&](int64_t) { return ++drawn, torch::ones_like(x); };
    options.churn = {.s_churn = 0, .s_noise = 1.5};
    EXPECT_TRUE(torch::equal(integrate(*solver, denoise, x, levels, options).x, plain.x)) << name;
    EXPECT_EQ(drawn, 0);
    options.churn = {.s_churn = 40, .s_min = 100, .s_max = 200};  // no level in the range
    EXPECT_TRUE(torch::equal(integrate(*solver, denoise, x, levels, options).x, plain.x)) << name;
    EXPECT_EQ(drawn, 8) << "the stream is consumed in every step once churn is on";
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

// Numbers worked out by hand from the formulas for one Gaussian coordinate, mean 0.3, variance 0.25, x = 56 at
// sigma = 80: they run without the golden folder. A solver of the table that is missing here fails.
TEST(SolverSweep, known_numbers) {
  struct Known {
    const char* solver;
    int64_t steps;
    const char* final;
    double value;
    int64_t nfe;
  };
  const Known table[] = {
      {"euler", 6, "sigma_min", 0.5216445917, 6},
      {"heun", 6, "sigma_min", 0.8422477521, 12},
      {"heun", 7, "zero", 0.8422390763, 13},
      {"heun", 18, "zero", 0.6673586535, 35},
  };
  for (const auto& name : solver_names()) {
    EXPECT_TRUE(std::any_of(std::begin(table), std::end(table), [&](const Known& row) { return row.solver == name; }))
        << "add a known number for " << name;
  }
  for (const auto& known : table) {
    const auto levels = noise_levels({.steps = known.steps, .final = known.final});
    const auto x = torch::full({1, 1}, 56, torch::kFloat64);
    const auto result = integrate(*make_solver(known.solver), test::toy_gaussian(), x, levels);
    EXPECT_NEAR(result.x.item<double>(), known.value, 1e-10) << known.solver << " " << known.steps << " " << known.final;
    EXPECT_EQ(result.nfe, known.nfe);
  }
}

TEST(SolverRegistry, an_unknown_name_gets_the_nearest) {
  const auto error = test::error_of([] { make_solver("huen"); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ExitCode::kUsage);
  EXPECT_NE(std::string(error->what()).find("did you mean 'heun'"), std::string::npos) << error->what();
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
