#include "analysis/theory/perturbation.h"

#include <limits>

#include <ATen/core/grad_mode.h>

#include "core/error.h"
#include "core/math/row_products.h"
#include "samplers/integrate.h"

namespace farfield {
namespace {

std::vector<double> levels_after(const std::vector<double>& levels, size_t place) {
  return {levels.begin() + static_cast<std::ptrdiff_t>(place), levels.end()};
}

// The part of x_T - m in which the data do not vary, as unit vectors; a row of zeros where there is none. [n, d]
torch::Tensor off_manifold_parts(const GaussianStats& gaussian, const torch::Tensor& start) {
  constexpr double kRounding = 1e-9;
  const torch::Tensor basis = gaussian.basis.narrow(1, 0, rank_above(gaussian));
  const torch::Tensor centred = start - gaussian.mean, part = centred - centred.matmul(basis).matmul(basis.t());
  const torch::Tensor length = row_norms(part.contiguous()), whole = row_norms(centred.contiguous());
  return torch::where((length > kRounding * whole).unsqueeze(1), part / length.unsqueeze(1), torch::zeros_like(part));
}

// The state of the path at a level of the request.
torch::Tensor state_at(const Path& path, double level) {
  for (size_t n = 0; n < path.levels.size(); ++n) {
    if (path.levels[n] == level) return path.states[static_cast<int64_t>(n)];
  }
  throw usage_error("perturbations: this solver places levels of its own; give another one");
}

// <u, r> and |r|, NaN where u is 0.
std::pair<torch::Tensor, torch::Tensor> measured(const torch::Tensor& response, const torch::Tensor& u) {
  const torch::Tensor has = row_products(u, u) > 0;
  const torch::Tensor none = torch::full({}, std::numeric_limits<double>::quiet_NaN(), torch::kFloat64);
  return {torch::where(has, row_products(response, u), none), torch::where(has, row_norms(response), none)};
}

}  // namespace

torch::Tensor end_response(const Denoiser& denoiser, const Solver& solver, const Perturbed& perturbed,
                           const std::function<void(int64_t)>& on_evaluation) {
  const torch::NoGradGuard no_gradients;
  const torch::Tensor& x = perturbed.x;
  const torch::Tensor step = perturbed.directions.view(x.sizes()).to(x.device()) * perturbed.size;
  const torch::Tensor labels = perturbed.labels.defined() ? torch::cat({perturbed.labels, perturbed.labels})
                                                          : torch::Tensor();
  const DenoiseFn bound = denoiser.bind(labels);
  const DenoiseFn reporting = [&](const torch::Tensor& state, double sigma) {
    torch::Tensor denoised = bound(state, sigma);
    if (on_evaluation) on_evaluation(state.size(0));
    return denoised;
  };
  IntegrateOptions options;
  options.nearest_level = denoiser.info().nearest_level;
  const torch::Tensor ends =
      integrate(solver, reporting, torch::cat({x + step, x - step}), perturbed.levels, options).x;
  const int64_t count = x.size(0);
  return ((ends.narrow(0, 0, count) - ends.narrow(0, count, count)) / (2 * perturbed.size))
      .flatten(1)
      .to(torch::kCPU, torch::kFloat64)
      .contiguous();
}

bool off_manifold(const GaussianStats& gaussian) {
  return rank_above(gaussian) < gaussian.dim() && (gaussian.tail == 0 || gaussian.rank() == gaussian.dim());
}

Arrays measure_perturbations(const Denoiser& denoiser, const Solver& solver, const SampleRequest& request,
                             const GaussianStats& gaussian, const PerturbationPlan& plan, RowRange rows) {
  const PathStart start = path_start(request, denoiser.info(), rows);
  const Path path = run_path(denoiser, solver, request, start);
  std::vector<torch::Tensor> units;
  for (int64_t k = 0; k < plan.directions.size(); ++k) {
    units.push_back(plan.directions.vectors[k].expand({rows.size, -1}).contiguous());
  }
  if (off_manifold(gaussian)) {
    units.push_back(off_manifold_parts(gaussian, path.states[0].flatten(1)));
  }
  std::vector<torch::Tensor> along, sizes;
  for (const size_t place : plan.places) {
    const double sigma = request.levels[place];
    const torch::Tensor x = state_at(path, sigma).to(request.device);
    for (const torch::Tensor& unit : units) {
      const Perturbed one{x, start.labels, unit, levels_after(request.levels, place), plan.delta * sigma};
      const auto [component, length] = measured(end_response(denoiser, solver, one, request.on_evaluation), unit);
      along.push_back(component);
      sizes.push_back(length);
    }
  }
  const std::vector<int64_t> shape = {rows.size, static_cast<int64_t>(plan.places.size()),
                                      static_cast<int64_t>(units.size())};
  return {{"along", torch::stack(along, 1).view(shape)}, {"size", torch::stack(sizes, 1).view(shape)}};
}

int64_t perturbation_evaluations(const Solver& solver, const SampleRequest& request, const GaussianStats& gaussian,
                                 const PerturbationPlan& plan) {
  int64_t runs = count_evaluations(solver, request.levels);
  const int64_t directions = plan.directions.size() + (off_manifold(gaussian) ? 1 : 0);
  for (const size_t place : plan.places) {
    runs += 2 * directions * count_evaluations(solver, levels_after(request.levels, place));
  }
  return runs;
}

}  // namespace farfield
