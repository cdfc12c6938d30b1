#include "analysis/likelihood/likelihood_flow.h"

#include <algorithm>

#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include "analysis/likelihood/flow_parts.h"
#include "core/error.h"
#include "core/limits.h"
#include "core/named_options.h"
#include "core/option_values.h"
#include "core/text.h"
#include "samplers/model_levels.h"

namespace farfield {

using torch::Tensor;

FlowSolver parse_flow_solver(const std::string& text) {
  const auto [name, given] = parse_named_options("solver", text);
  const OptionValues options("solver", name, given);
  FlowSolver solver;
  solver.name = name;
  std::vector<std::string> known;
  if (name == "dopri5") {
    known = {"rtol", "atol"};
    solver.rtol = options.number_from("rtol", solver.rtol, 1e-13, 1);
    solver.atol = options.number_from("atol", solver.atol, 1e-13, 1);
  } else if (find_grid_method(name) != nullptr) {
    known = {"steps", "rho"};
    solver.steps = options.integer("steps", solver.steps, 1, limits::kMostSteps);
    solver.rho = options.number_from("rho", solver.rho, 0.01, 100);
  } else {
    throw usage_error("--solver: " + unknown_name("solver", name, {"dopri5", "euler", "heun", "rk4"}));
  }
  for (const auto& [key, value] : given) {
    if (std::ranges::find(known, key) == known.end())
      throw usage_error(fmt::format("--solver {}: {}", name, unknown_name("option", key, known)));
  }
  return solver;
}

std::string in_words(const FlowSolver& solver) {
  if (solver.name == "dopri5") return fmt::format("dopri5 in ln σ, rtol {:g}, atol {:g}", solver.rtol, solver.atol);
  return fmt::format("{} in σ, {} steps, ρ {:g}", solver.name, solver.steps, solver.rho);
}

std::vector<double> flow_grid(const FlowSolver& solver, double sigma_min, double sigma_max, const DenoiserInfo& model) {
  ScheduleRequest request;
  request.steps = solver.steps;
  request.sigma_min = sigma_min;
  request.sigma_max = sigma_max;
  request.rho = solver.rho;
  request.final = "sigma_min";
  std::vector<double> levels = resolve_levels(request, model);
  std::ranges::reverse(levels);
  return levels;
}

void check_flow(const FlowSolver& solver, const DenoiserInfo& model) {
  if (!model.nearest_level || solver.name == "euler" || solver.name == "heun") return;
  throw usage_error(
      fmt::format("--solver {}: evaluates between noise levels, and {} knows those of its table alone; "
                  "take euler or heun",
                  solver.name, model.name));
}

FlowResult flow_up(const FlowSolver& solver, const FlowDivergence& divergence, const Tensor& x, const FlowRange& range,
                   const std::vector<double>& grid, const FlowProgress& progress) {
  const torch::NoGradGuard no_gradients;
  check(x.scalar_type() == torch::kFloat64 && x.size(0) > 0, "flow_up: states in float64");
  if (const GridMethod* method = find_grid_method(solver.name))
    return grid_flow(*method, divergence, x, range, grid, progress);
  return adaptive_flow(solver, divergence, x, range, progress);
}

}  // namespace farfield
