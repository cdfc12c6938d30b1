// The order of convergence of every solver, measured on exact solutions.
#include <cmath>
#include <map>

#include "samplers/integrate.h"
#include "samplers/schedules/noise_levels.h"
#include "samplers/solvers/solver_registry.h"
#include "tests/support/test_support.h"
#include "tests/support/thread_count.h"
#include "tests/support/toy_denoisers.h"

namespace farfield {
namespace {

// A problem with its exact solution at any noise level, remembered.
class Problem {
 public:
  explicit Problem(test::ToyDenoiser denoise) : denoise_(std::move(denoise)) {}
  const test::ToyDenoiser& denoise() const { return denoise_; }

  torch::Tensor exact(double sigma) {
    const auto above = solution_.lower_bound(sigma);
    if (above != solution_.end() && above->first == sigma) return above->second;
    const double from = above == solution_.end() ? kStart : above->first;
    const auto x = above == solution_.end() ? start() : above->second;
    return solution_[sigma] = test::reference_flow(denoise_, x, from, sigma, 1 + int(800 * std::log10(from / sigma)));
  }
  static torch::Tensor start() { return torch::linspace(-1.7, 2.1, 8, torch::kFloat64).view({4, 2}) * kStart; }

  static constexpr double kStart = 10, kEnd = 0.1;

 private:
  test::ToyDenoiser denoise_;
  std::map<double, torch::Tensor> solution_;
};

// The error at the end of a run of `steps` steps. The first states of the run are exact, so that a multistep method is
// measured with a full history, and not by the lower order it has to start with.
double end_error(const Solver& solver, Problem& problem, const NoiseLevelOptions& options) {
  constexpr size_t kExactStates = 4;
  const at::NoGradGuard no_gradients;
  const RunPlan plan = plan_run(solver, noise_levels(options));
  const auto memory = solver.make_memory(plan);
  auto x = Problem::start();
  for (size_t i = 0; i < plan.intervals.size(); ++i) {
    if (i > 0 && i < kExactStates) x = problem.exact(plan.levels[i]);
    x = solver.step(problem.denoise(), x, plan.intervals[i], memory.get()).x;
  }
  return (x - problem.exact(Problem::kEnd)).abs().mean().item<double>();
}

// The slope of log error against log step size, by least squares over the step counts.
double measured_order(const Solver& solver, Problem& problem, const std::vector<int64_t>& counts, double rho = 7) {
  double sum_x = 0, sum_y = 0, sum_xx = 0, sum_xy = 0;
  for (const int64_t steps : counts) {
    const double log_h = -std::log(static_cast<double>(steps));
    const double log_error = std::log(end_error(
        solver, problem,
        {.steps = steps, .sigma_min = Problem::kEnd, .sigma_max = Problem::kStart, .rho = rho, .final = "sigma_min"}));
    sum_x += log_h, sum_y += log_error, sum_xx += log_h * log_h, sum_xy += log_h * log_error;
  }
  const auto n = static_cast<double>(counts.size());
  return (n * sum_xy - sum_x * sum_y) / (n * sum_xx - sum_x * sum_x);
}

const std::vector<int64_t> kCounts = {189, 378, 756};  // DPM-Solver fast ends in the same way with each

// The row's solver with its orders left as they are to the end of the run, and with each prediction.
std::vector<std::string> texts_of(const SolverEntry& entry) {
  if (entry.options.empty() || entry.options.front() != "predict=x0|eps") return {entry.name};
  return {entry.name + ",lower_order_final=no", entry.name + ",lower_order_final=no,predict=eps"};
}

bool is_compat(const std::string& name) { return name.find("_compat") != std::string::npos; }

// On a Gaussian the ODE is affine and a method may be better than it claims (the midpoint rule is of order 3 there); on
// two modes it may not.
TEST(SolverOrder, the_measured_order_is_the_claimed_one) {
  const test::ThreadCount one(1);
  Problem gaussian(test::toy_gaussian()), two_modes(test::toy_two_modes());
  for (const auto& entry : solver_table()) {
    if (is_compat(entry.name)) continue;  // below
    for (const auto& text : texts_of(entry)) {
      const auto solver = make_solver(text);
      if (solver->adaptive() || solver->stochastic()) continue;
      const double on_gaussian = measured_order(*solver, gaussian, kCounts);
      const double on_modes = measured_order(*solver, two_modes, kCounts);
      EXPECT_GT(on_gaussian, solver->order() - 0.2) << text << " on a Gaussian";
      EXPECT_NEAR(on_modes, solver->order(), 0.2) << text << " on two modes";
      std::cout << text << ": claimed order " << solver->order() << ", measured " << on_gaussian
                << " on a Gaussian and " << on_modes << " on two modes\n";
    }
  }
}

// What the published weights lose, and the exact ones have.
TEST(SolverOrder, exact_methods_converge_where_the_published_ones_do_not) {
  const test::ThreadCount one(1);
  Problem two_modes(test::toy_two_modes());
  const std::vector<int64_t> counts = {252, 504, 1008};
  struct Pair {
    std::string exact, options;
    int order;
  };
  for (const auto& [exact, options, order] : std::vector<Pair>{{"dpmpp_3m", ",lower_order_final=no", 3},
                                                               {"dpmpp_3m", ",lower_order_final=no,predict=eps", 3},
                                                               {"ipndm_v4", "", 4},
                                                               {"deis_tab4", "", 4}}) {
    const auto compat = make_solver(exact + "_compat" + options);
    const double right = measured_order(*make_solver(exact + options), two_modes, order == 4 ? kCounts : counts);
    const double published = measured_order(*compat, two_modes, counts);
    EXPECT_NEAR(right, order, 0.2) << exact << options;
    EXPECT_LT(published, order - 0.5) << exact << "_compat" << options;
    EXPECT_GT(published, compat->order() - 0.2) << exact << "_compat claims too much";
    std::cout << exact << options << ": order " << right << ", as published " << published << "\n";
  }
}

// Where the slope is a polynomial of sigma alone, Adams-Bashforth of order q is exact for degrees below q on any schedule.
TEST(SolverOrder, polynomials_are_integrated_exactly) {
  const test::ThreadCount one(1);
  const auto error_at_degree = [](const std::string& name, int degree) {
    const auto denoise = [&](const torch::Tensor& x, double sigma) {
      return x - sigma * std::pow(sigma / Problem::kStart, degree);
    };
    Problem problem{denoise};
    return end_error(*make_solver(name), problem,
                     {.steps = 9, .sigma_min = Problem::kEnd, .sigma_max = Problem::kStart, .final = "sigma_min"});
  };
  for (const char* family : {"lms", "deis_rhoab", "ipndm_v"}) {
    for (int order = 1; order <= 4; ++order) {
      const std::string name = family + std::to_string(order);
      for (int degree = 0; degree < order; ++degree) EXPECT_LT(error_at_degree(name, degree), 1e-10) << name << degree;
      EXPECT_GT(error_at_degree(name, order), 1e-3) << name;
    }
  }
  EXPECT_GT(error_at_degree("ipndm_v3_compat", 2), 1e-3);
  EXPECT_GT(error_at_degree("ipndm_v4_compat", 0), 1e-3);
}

TEST(SolverOrder, ipndm_has_its_order_on_equal_steps) {
  const test::ThreadCount one(1);
  Problem two_modes(test::toy_two_modes());
  for (const int order : {1, 2, 3, 4}) {
    const auto solver = make_solver("ipndm" + std::to_string(order));
    EXPECT_NEAR(measured_order(*solver, two_modes, {500, 1000, 2000}, /*rho=*/1), order, 0.2) << order;
  }
}

}  // namespace
}  // namespace farfield
