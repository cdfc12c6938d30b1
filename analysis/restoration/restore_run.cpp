#include "analysis/restoration/restore_run.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "analysis/paths/path_batches.h"
#include "core/error.h"
#include "core/limits.h"
#include "core/math/eigen.h"
#include "core/math/row_products.h"
#include "core/stopwatch.h"
#include "core/text.h"
#include "models/analytic/known_mixture.h"
#include "models/restoration/gaussian_posterior.h"
#include "samplers/gaussian_flow.h"
#include "samplers/integrate.h"
#include "samplers/model_levels.h"
#include "samplers/restoration/restore.h"
#include "samplers/schedules/noise_levels.h"
#include "samplers/schedules/truncated_levels.h"
#include "samplers/seed_batch.h"
#include "samplers/solvers/solver_registry.h"

namespace farfield {
namespace {

using torch::Tensor;

void check_rows_of(const Tensor& rows, const std::vector<int64_t>& shape, int64_t count, const std::string& what) {
  std::vector<int64_t> expected = shape;
  expected.insert(expected.begin(), count);
  if (rows.sizes() == torch::IntArrayRef(expected)) return;
  throw usage_error(
      fmt::format("restore: {} are [{}], expected [{}]", what, join(rows.sizes(), ","), join(expected, ",")));
}

void check_inputs(const RestoreInputs& inputs, const RestoreOptions& options) {
  const DenoiserInfo& model = inputs.model->info();
  const OperatorInfo& op = inputs.op->info();
  if (op.image_shape != model.sample_shape) {
    throw usage_error(fmt::format("restore: {} is for images of [{}], samples of {} are [{}]", op.name,
                                  join(op.image_shape, ","), model.name, join(model.sample_shape, ",")));
  }
  check(inputs.y.defined() && inputs.y.dim() > 0, "RestoreInputs: y");
  const int64_t count = inputs.y.size(0);
  check_rows_of(inputs.y, op.measurement_shape, count, "measurements by " + op.name);
  if (!options.perceptual.features.empty() && !inputs.truth.defined())
    throw usage_error("restore: --features holds samples against truths, and none is known; name them by --truth");
  if (inputs.truth.defined()) check_rows_of(inputs.truth, op.image_shape, count, "truths");
  check_levels(options.levels);
  check_levels_for(model, options.levels);
  if (options.levels.back() != 0)
    throw usage_error("restore: the levels end above 0; methods of restoration end there (leave --final out)");
  if (!(options.sigma_y >= 0 && options.sigma_y <= limits::kHighestSigmaData))
    throw usage_error(
        fmt::format("restore: sigma_y is {}, expected 0 to {}", options.sigma_y, limits::kHighestSigmaData));
  if (options.label && *options.label >= model.label_dim)
    throw usage_error(
        fmt::format("restore: class {} asked for, but {} knows {}", *options.label, model.name, model.label_dim));
  if (options.samples < 1 || count > limits::kMostSeeds / options.samples || options.seed < 0 ||
      options.seed > limits::kHighestSeed - count * options.samples)
    throw usage_error(
        fmt::format("restore: {} samples of each of {} measurements from seed {}: give fewer, or a lower seed",
                    options.samples, count, options.seed));
}

// What is known in closed form of a prior that is a Gaussian or a mixture.
std::optional<MixtureStats> prior_of(const Denoiser& model) {
  const auto* known = dynamic_cast<const KnownMixture*>(&model);
  return known != nullptr ? std::optional(known->mixture()) : std::nullopt;
}

// Whether the d x d matrices of all components can be held.
bool has_dense_posterior(const MixtureStats& prior) {
  constexpr int64_t kMostNumbers = int64_t{1} << 27;  // 1 GiB
  return prior.dim() <= kLargestPosterior && prior.components() <= kMostNumbers / (prior.dim() * prior.dim());
}

// The start of a run at a lower level: the exact posterior's own solution, measurement by measurement.
class PosteriorStart {
 public:
  PosteriorStart(const RestoreInputs& inputs, const RestoreOptions& options)
      : posterior_(*inputs.prior, require_linear(*inputs.op, "--teleport"), options.sigma_y),
        means_(posterior_.component_means(0, inputs.y)),
        eigen_(covariance_eigen(posterior_.covariance(0))),
        from_(options.levels.front()),
        to_(*options.teleport) {}
  // Latents z of measurement i, as if they had been drawn at the lower level.
  Tensor latents(const Tensor& z, int64_t i) const {
    const GaussianStats stats{means_[i], eigen_.vectors, eigen_.values, 0, 0};
    return gaussian_flow(stats, z.unsqueeze(0) * from_, from_, to_)[0] / to_;
  }

 private:
  ExactPosterior posterior_;
  Tensor means_;
  SymmetricEigen eigen_;
  double from_, to_;
};

// What every batch of a run shares.
struct Restoring {
  const RestoreRun& run;
  const RestorationMethod& method;
  const Solver& solver;
  const PerceptualDistance* perceptual;
  std::optional<PosteriorStart> start = std::nullopt;

  Arrays batch(RowRange rows, Progress& progress) const {
    const RestoreOptions& options = run.options;
    RestoreRequest request;
    std::vector<int64_t> places;
    for (int64_t row = rows.first; row < rows.first + rows.size; ++row) {
      request.seeds.push_back(options.seed + row);
      places.push_back(row / options.samples);
    }
    request.y = run.inputs.y.index_select(0, torch::tensor(places, torch::kInt64));
    request.sigma_y = options.sigma_y;
    request.levels = options.teleport ? levels_from(options.levels, *options.teleport) : options.levels;
    request.label = options.label;
    request.device = options.device;
    request.on_evaluation = [&](int64_t samples) { progress.advance(samples); };
    if (start) {
      std::vector<Tensor> latents;
      const Tensor drawn = SeedBatch(request.seeds, run.inputs.model->info()).latents();
      for (size_t i = 0; i < places.size(); ++i)
        latents.push_back(start->latents(drawn[static_cast<int64_t>(i)], places[i]));
      request.latents = torch::stack(latents);
    }
    const Restored restored = restore(*run.inputs.model, *run.inputs.op, method, solver, request);
    Arrays arrays = {{"x", restored.x.contiguous()},
                     {"nfe", torch::full({rows.size}, restored.nfe, torch::kInt64)},
                     {"products", torch::full({rows.size}, restored.products, torch::kInt64)}};
    if (perceptual != nullptr) {
      const Tensor truths = run.inputs.truth.index_select(0, torch::tensor(places, torch::kInt64));
      arrays["perceptual"] = (*perceptual)(restored.x, truths).sum(1);
    }
    return arrays;
  }
};

Tensor squares(const Tensor& rows) {
  const Tensor flat = rows.flatten(1).contiguous();
  return row_products(flat, flat);
}

Tensor psnr_of(const Tensor& x, const Tensor& truth) {
  return 10 * (4 * static_cast<double>(truth[0].numel()) / squares(x - truth)).log10();
}

void measure(RestoreRun& run) {
  const auto& [model, op, y, truth, prior, model_text, measured_text, method, solver] = run.inputs;
  const int64_t count = y.size(0), samples = run.options.samples;
  const Tensor rows = run.x.flatten(0, 1), of_each = y.repeat_interleave(samples, 0);
  const Tensor missed = op->where_measured(of_each - op->apply(rows));
  run.residual = (squares(missed) / static_cast<double>(op->info().measured)).sqrt().reshape({count, samples});
  const auto* linear = dynamic_cast<const LinearOperator*>(op.get());
  if (linear != nullptr) run.before = linear->pseudo_inverse(y);
  if (truth.defined()) {
    run.psnr = psnr_of(rows, truth.repeat_interleave(samples, 0)).reshape({count, samples});
    if (run.before.defined()) run.psnr_before = psnr_of(run.before, truth);
  }
  if (!prior || linear == nullptr || !has_dense_posterior(*prior)) return;
  if (prior->components() > 1 && run.options.sigma_y == 0) return;
  const ExactPosterior posterior(*prior, *linear, run.options.sigma_y);
  run.posterior_mean = posterior.means(y);
  run.posterior_deviation = posterior.variances(y).sqrt();
}

void check_teleport(const RestoreRun& run) {
  const RestoreOptions& options = run.options;
  if (!options.teleport) return;
  if (!run.takes_solver)
    throw usage_error("restore: --teleport starts a guided denoiser; take --method tweedie, pigdm or dps_gauss");
  if (!run.inputs.prior || run.inputs.prior->components() != 1)
    throw usage_error("restore: --teleport needs the posterior of one Gaussian: name it by --gaussian");
  if (!has_dense_posterior(*run.inputs.prior))
    throw usage_error(fmt::format("restore: --teleport is for samples of up to {} numbers", kLargestPosterior));
  (void)levels_from(options.levels, *options.teleport);
}

}  // namespace

RestoreRun run_restore(RestoreInputs inputs, RestoreOptions options, const PartStore& parts, Comm& comm) {
  const torch::NoGradGuard no_gradients;
  const Stopwatch clock;
  check_inputs(inputs, options);
  if (!inputs.prior) inputs.prior = prior_of(*inputs.model);
  const auto solver = make_solver(inputs.solver);
  const RestorationMethod method = make_method(inputs.method, {*inputs.op, options.sigma_y, options.levels});
  RestoreRun run{
      std::move(inputs), std::move(options), method.text, method.takes_solver, {}, {}, {}, {}, {}, {}, {}, {}, 0, 0, 0};
  check_teleport(run);
  std::optional<PerceptualDistance> perceptual;
  if (const PerceptualRequest& asked = run.options.perceptual; !asked.features.empty())
    perceptual.emplace(asked.features, run.inputs.model->info().sample_shape, asked.resize, asked.trust,
                       run.options.device);
  Restoring restoring{run, method, *solver, perceptual ? &*perceptual : nullptr};
  if (run.options.teleport) restoring.start.emplace(run.inputs, run.options);

  BatchWork work;
  work.what = "restoring";
  work.count = run.inputs.y.size(0) * run.options.samples;
  work.batch = method.takes_solver && solver->adaptive() ? 1 : run.options.batch;
  work.evaluations = method.takes_solver ? count_evaluations(*solver, run.options.levels)
                                         : static_cast<int64_t>(run.options.levels.size()) - 1;
  work.names = {"x", "nfe", "products"};
  if (perceptual) work.names.emplace_back("perceptual");
  work.measure = [&](RowRange rows, Progress& progress) { return restoring.batch(rows, progress); };
  const Arrays all = measure_batches(work, parts, comm);

  std::vector<int64_t> shape = run.inputs.model->info().sample_shape;
  shape.insert(shape.begin(), {run.inputs.y.size(0), run.options.samples});
  run.x = all.at("x").reshape(shape);
  run.nfe = all.at("nfe").max().item<int64_t>();
  run.products = all.at("products").max().item<int64_t>();
  if (perceptual) run.perceptual = all.at("perceptual").reshape({run.inputs.y.size(0), run.options.samples});
  measure(run);
  run.seconds = clock.seconds();
  return run;
}

}  // namespace farfield
