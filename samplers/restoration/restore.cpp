#include "samplers/restoration/restore.h"

#include <fmt/format.h>

#include "core/error.h"
#include "core/interrupts.h"
#include "models/counting.h"
#include "samplers/integrate.h"
#include "samplers/model_levels.h"
#include "samplers/seed_batch.h"
#include "samplers/solvers/brownian.h"
#include "samplers/start.h"

namespace farfield {

Restored restore(const Denoiser& prior, const Operator& op, const RestorationMethod& method, const Solver& solver,
                 const RestoreRequest& request) {
  const DenoiserInfo& model = prior.info();
  check_levels_for(model, request.levels);
  const auto count = static_cast<int64_t>(request.seeds.size());
  SeedBatch streams(request.seeds, model);
  BrownianPath path(request.seeds, model.sample_shape);
  const torch::Tensor latents = request.latents.defined() ? request.latents : streams.latents();
  const torch::Tensor classes = request.label ? torch::full({count}, *request.label, torch::kInt64) : streams.classes();
  const torch::Tensor labels = one_hot_labels(classes, model.label_dim, request.device);

  Restored result;
  const auto watched = make_watched(prior, [&](int64_t samples) {
    stop_if_interrupted();
    ++result.nfe;
    if (request.on_evaluation) request.on_evaluation(samples);
  }, [&](int64_t) {
    stop_if_interrupted();
    ++result.products;
  });
  const RestorationRun run = method.prepare(
      {*watched, labels, {op, request.y.to(request.device, torch::kFloat64), request.sigma_y}});
  const Denoiser& runs = run.guided ? *run.guided : *watched;
  IntegrateOptions options;
  options.nearest_level = model.nearest_level;
  options.brownian = [&](double from, double to) { return path.increment(from, to); };
  Start start = start_from_noise(latents.to(request.device, torch::kFloat64), request.levels);
  if (run.centre.defined()) start.x = start.x + run.centre;
  const SampleResult end = integrate(run.solver ? *run.solver : solver, runs.bind(labels), start.x, request.levels,
                                     options);
  result.x = end.x.to(torch::kCPU, torch::kFloat64);
  return result;
}

}  // namespace farfield
