#include "samplers/sampler.h"

#include <algorithm>
#include <span>
#include <tuple>

#include <c10/util/StringUtil.h>
#include <fmt/format.h>

#include "core/error.h"
#include "samplers/brownian.h"
#include "samplers/integrate.h"
#include "samplers/model_levels.h"
#include "samplers/noise_levels.h"
#include "samplers/seed_batch.h"
#include "samplers/thresholding.h"
#include "samplers/trajectory.h"

namespace farfield {
namespace {

std::vector<int64_t> with_front(std::vector<int64_t> front, const std::vector<int64_t>& shape) {
  front.insert(front.end(), shape.begin(), shape.end());
  return front;
}

DenoiseFn reporting(DenoiseFn denoise, const SampleRequest& request) {
  if (!request.on_evaluation) return denoise;
  return [denoise = std::move(denoise), &request](const torch::Tensor& x, double sigma) {
    auto denoised = denoise(x, sigma);
    request.on_evaluation(x.size(0));
    return denoised;
  };
}

// The part of the request that is the loop's.
IntegrateOptions run_options(const SampleRequest& request) {
  IntegrateOptions options;
  options.churn = request.churn;
  options.afs = request.afs;
  options.threshold = request.threshold;
  options.denoise_to_zero = request.ends_denoised();
  return options;
}

// Runs samples `first` to `first + count - 1` and writes them into their rows of `samples`.
void run_batch(const Denoiser& denoiser, const Solver& solver, const SampleRequest& request, int64_t first,
               int64_t count, Samples& samples) {
  const DenoiserInfo& model = denoiser.info();
  const auto seeds = std::span(request.seeds).subspan(first, count);
  SeedBatch streams(seeds, model);
  BrownianPath path(seeds, model.sample_shape);
  const auto rows_or = [&](const torch::Tensor& given, const torch::Tensor& drawn) {
    return given.defined() ? given.narrow(0, first, count).to(drawn.scalar_type()) : drawn;
  };
  const auto latents = rows_or(request.latents, streams.latents());
  const auto classes = request.label ? torch::full({count}, *request.label, torch::kInt64)
                                     : rows_or(request.classes, streams.classes());
  const auto start = request.teleport ? teleported_start(latents, request.levels, *request.teleport)
                                      : start_from_noise(latents, request.levels);

  IntegrateOptions options = run_options(request);
  options.nearest_level = model.nearest_level;
  options.noise = [&](int64_t) { return streams.noise(); };
  options.brownian = [&](double from, double to) { return path.increment(from, to); };
  if (request.trajectory) options.observer = record_states(samples.trajectory.narrow(1, first, count));
  const auto bound = denoiser.bind(one_hot_labels(classes, model.label_dim, request.device));
  const auto result =
      integrate(solver, reporting(bound, request), start.x.to(request.device), request.levels_run(), options);

  samples.x.narrow(0, first, count).copy_(result.x);
  samples.classes.narrow(0, first, count).copy_(classes);
  samples.nfe = std::max(samples.nfe, result.nfe);
  samples.seconds += result.seconds;
}

// Latents and classes that came with the request.
void check_given(const SampleRequest& request, const DenoiserInfo& model) {
  const auto count = static_cast<int64_t>(request.seeds.size());
  const auto& [latents, classes] = std::tie(request.latents, request.classes);
  if (latents.defined() && (!latents.is_floating_point() || latents.sizes() != with_front({count}, model.sample_shape))) {
    throw usage_error(fmt::format("sampling: latents are {}, expected {}: one of the model's shape a seed",
                                  c10::str(latents.sizes()), c10::str(with_front({count}, model.sample_shape))));
  }
  if (!classes.defined()) return;
  if (request.label) throw usage_error("sampling: both a class for all samples and one for each were given");
  if (model.label_dim == 0) throw usage_error(fmt::format("sampling: classes given, but {} takes no labels", model.name));
  check(classes.scalar_type() == torch::kInt64 && classes.sizes() == torch::IntArrayRef({count}) &&
            classes.min().item<int64_t>() >= 0 && classes.max().item<int64_t>() < model.label_dim,
        "SampleRequest: classes must be [N] int64 below label_dim");
}

}  // namespace

void SampleRequest::validate(const DenoiserInfo& model) const {
  churn.validate();
  check_levels(levels);
  check_levels_for(model, levels);
  if (seeds.empty()) throw usage_error("sampling: no seeds given");
  if (batch < 1) throw usage_error(fmt::format("sampling: batch is {}, expected at least 1", batch));
  if (label && model.label_dim == 0) {
    throw usage_error(fmt::format("sampling: class {} asked for, but {} takes no labels; leave --class out", *label,
                                  model.name));
  }
  if (label && (*label < 0 || *label >= model.label_dim)) {
    throw usage_error(fmt::format("sampling: class {} asked for, but {} knows 0 to {}", *label, model.name,
                                  model.label_dim - 1));
  }
  check_given(*this, model);
  int64_t size = 1;
  for (const int64_t extent : model.sample_shape) size *= extent;
  if (teleport && teleport->gaussian.dim() != size) {
    throw usage_error(fmt::format("teleport: the Gaussian has {} dimensions, the samples of {} have {}; fit it to the "
                                  "data of this model",
                                  teleport->gaussian.dim(), model.name, size));
  }
  if (threshold) check_threshold(*threshold);
  if (denoise_to_zero && ode_jump) {
    throw usage_error("sampling: an ODE-Jump ends with D by itself; leave --denoise-to-zero out");
  }
  if (ends_denoised() && levels_run().back() == 0) {
    throw usage_error("sampling: --denoise-to-zero needs levels that end above 0 (--final sigma_min); these end at 0 with "
                      "D already");
  }
  levels_run();
}

std::vector<double> SampleRequest::levels_run() const {
  const auto rest = teleport ? levels_from(levels, teleport->sigma) : levels;
  return ode_jump ? levels_down_to(rest, *ode_jump) : rest;
}

int64_t count_evaluations(const Solver& solver, const SampleRequest& request) {
  return count_evaluations(solver, request.levels_run(), run_options(request));
}

Samples sample(const Denoiser& denoiser, const Solver& solver, const SampleRequest& request) {
  const DenoiserInfo& model = denoiser.info();
  request.validate(model);
  Samples samples;
  samples.levels = levels_visited(solver, request.levels_run(), request.ends_denoised());
  const auto count = static_cast<int64_t>(request.seeds.size()), points = static_cast<int64_t>(samples.levels.size());
  samples.seeds = torch::tensor(request.seeds, torch::kInt64);
  samples.classes = torch::empty({count}, torch::kInt64);
  samples.x = torch::empty(with_front({count}, model.sample_shape), torch::kFloat64);
  if (request.trajectory) {
    samples.trajectory = torch::empty(with_front({points, count}, model.sample_shape), torch::kFloat64);
  }
  const int64_t batch = solver.adaptive() ? 1 : request.batch;
  for (int64_t first = 0; first < count; first += batch) {
    const int64_t size = std::min(batch, count - first);
    try {
      run_batch(denoiser, solver, request, first, size, samples);
    } catch (const Error& error) {
      if (error.code() != ExitCode::kNumeric) throw;
      throw numeric_error(fmt::format("seeds {} to {} of this run: {}", request.seeds[first],
                                      request.seeds[first + size - 1], error.what()));
    }
  }
  return samples;
}

}  // namespace farfield
