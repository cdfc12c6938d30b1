#include "analysis/paths/path.h"

#include <cmath>
#include <span>

#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include "core/checked_product.h"
#include "core/error.h"
#include "core/limits.h"
#include "samplers/gaussian_flow.h"
#include "samplers/integrate.h"
#include "samplers/seed_batch.h"
#include "samplers/start.h"
#include "samplers/trajectory.h"

namespace farfield {
namespace {

torch::Tensor room_for(size_t levels, const torch::Tensor& start) {
  std::vector<int64_t> shape = start.sizes().vec();
  shape.insert(shape.begin(), static_cast<int64_t>(levels));
  return torch::empty(shape, torch::kFloat64);
}

// The states of a batch are held at once.
void check_memory(const SampleRequest& request, const Solver& solver, const DenoiserInfo& model) {
  checked_product("paths: bytes of one batch (a smaller --batch needs less)",
                  {2 * static_cast<int64_t>(request.levels.size()), path_batch(request, solver),
                   c10::multiply_integers(model.sample_shape), sizeof(double)},
                  limits::kMostBytes);
}

}  // namespace

void check_paths(const SampleRequest& request, const Solver& solver, const DenoiserInfo& model) {
  request.validate(model);
  const auto refuse = [](std::string_view what) {
    throw usage_error(fmt::format("paths: {}; paths are measured along the probability-flow ODE", what));
  };
  if (solver.stochastic()) refuse(fmt::format("solver {} draws noise; give a deterministic one", solver.name()));
  if (solver.name().starts_with("unipc")) {
    refuse(fmt::format(
        "{} evaluates D at a predicted state, which it then corrects: there is no D of the states; give another "
        "solver",
        solver.name()));
  }
  if (request.churn.s_churn > 0) refuse("churn adds noise; leave it out");
  if (request.afs) refuse("with an analytical first step D at the first level is not the model's; leave --afs out");
  if (request.threshold) refuse("thresholding changes the denoiser; leave it out");
  if (request.teleport) refuse("a teleported run has no beginning; leave --teleport out");
  if (request.ends_denoised()) refuse("a final denoise is no step of the schedule; leave it out");
  check_memory(request, solver, model);
}

PathStart path_start(const SampleRequest& request, const DenoiserInfo& model, RowRange rows) {
  const SeedBatch seeds(std::span(request.seeds).subspan(rows.first, rows.size), model);
  const auto part = [&](const torch::Tensor& all) { return all.narrow(0, rows.first, rows.size); };
  const torch::Tensor latents = request.latents.defined() ? part(request.latents).to(torch::kFloat64) : seeds.latents();
  PathStart start{start_from_noise(latents, request.levels).x.to(request.device), {}};
  if (model.label_dim == 0) return start;
  const torch::Tensor classes = request.label               ? torch::full({rows.size}, *request.label, torch::kInt64)
                                : request.classes.defined() ? part(request.classes)
                                                            : seeds.classes();
  start.labels = one_hot_labels(classes, model.label_dim, request.device);
  return start;
}

Path run_path(const Denoiser& denoiser, const Solver& solver, const SampleRequest& request, const PathStart& start) {
  const torch::NoGradGuard no_gradients;
  Path path;
  path.levels = levels_visited(solver, request.levels, false);
  path.states = room_for(path.levels.size(), start.x);
  path.denoised = room_for(path.levels.size() - 1, start.x);
  const DenoiseFn bound = denoiser.bind(start.labels);
  const DenoiseFn reporting = [&](const torch::Tensor& x, double sigma) {
    torch::Tensor denoised = bound(x, sigma);
    if (request.on_evaluation) request.on_evaluation(x.size(0));
    return denoised;
  };
  IntegrateOptions options;
  options.nearest_level = denoiser.info().nearest_level;
  options.observer = record_states(path.states, path.denoised);
  path.nfe = integrate(solver, reporting, start.x, request.levels, options).nfe;
  return path;
}

Path gaussian_path(const GaussianStats& gaussian, const torch::Tensor& start, const std::vector<double>& levels) {
  Path path{levels, room_for(levels.size(), start), room_for(levels.size() - 1, start), 0};
  for (size_t i = 0; i < levels.size(); ++i) {
    const auto row = static_cast<int64_t>(i);
    path.states[row].copy_(i == 0 ? start : gaussian_flow(gaussian, start, levels[0], levels[i]));
    if (i + 1 == levels.size()) break;
    path.denoised[row].copy_(gaussian_flow_denoised(gaussian, start, levels[0], levels[i]));
  }
  return path;
}

double vp_alpha(double sigma) { return 1 / std::hypot(1, sigma); }

Path in_vp_space(Path path) {
  for (size_t i = 0; i < path.levels.size(); ++i) path.states[static_cast<int64_t>(i)] *= vp_alpha(path.levels[i]);
  return path;
}

int64_t path_batch(const SampleRequest& request, const Solver& solver) {
  return solver.adaptive() ? 1 : std::min(request.batch, static_cast<int64_t>(request.seeds.size()));
}

}  // namespace farfield
