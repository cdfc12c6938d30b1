#include "samplers/sampler.h"

#include <algorithm>
#include <span>
#include <tuple>

#include <c10/util/StringUtil.h>
#include <fmt/format.h>

#include "core/checked_product.h"
#include "core/error.h"
#include "core/limits.h"
#include "core/shards.h"
#include "samplers/integrate.h"
#include "samplers/model_levels.h"
#include "samplers/schedules/noise_levels.h"
#include "samplers/seed_batch.h"
#include "samplers/solvers/brownian.h"
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

// What came of one batch.
struct BatchResult {
  torch::Tensor x, classes, trajectory, denoised;
  int64_t nfe = 0;
  double seconds = 0;
};

// Samples `first` to `first + count - 1`. `points`: the rows of a trajectory.
BatchResult run_batch(const Denoiser& denoiser, const Solver& solver, const SampleRequest& request,
                      const RowRange& rows, int64_t points) {
  const auto [first, count] = rows;
  const DenoiserInfo& model = denoiser.info();
  const auto seeds = std::span(request.seeds).subspan(first, count);
  SeedBatch streams(seeds, model);
  BrownianPath path(seeds, model.sample_shape);
  const auto rows_or = [first, count](const torch::Tensor& given, const torch::Tensor& drawn) {
    return given.defined() ? given.narrow(0, first, count).to(drawn.scalar_type()) : drawn;
  };
  const auto latents = rows_or(request.latents, streams.latents());
  BatchResult batch;
  batch.classes = request.label ? torch::full({count}, *request.label, torch::kInt64)
                                : rows_or(request.classes, streams.classes());
  const auto start = request.teleport ? teleported_start(latents, request.levels, *request.teleport)
                                      : start_from_noise(latents, request.levels);

  IntegrateOptions options = run_options(request);
  options.nearest_level = model.nearest_level;
  options.noise = [&](int64_t) { return streams.noise(); };
  options.brownian = [&](double from, double to) { return path.increment(from, to); };
  if (request.trajectory) {
    batch.trajectory = torch::empty(with_front({points, count}, model.sample_shape), torch::kFloat64);
    batch.denoised = torch::empty(with_front({points - 1, count}, model.sample_shape), torch::kFloat64);
    options.observer = record_states(batch.trajectory, batch.denoised);
  }
  const auto bound = denoiser.bind(one_hot_labels(batch.classes, model.label_dim, request.device));
  const auto result = integrate(solver, reporting(bound, request), start.x.to(request.device), request.levels_run(),
                                options);
  batch.x = result.x.to(torch::kCPU, torch::kFloat64);
  batch.nfe = result.nfe;
  batch.seconds = result.seconds;
  return batch;
}

// As run_batch(); a numeric_error says which seeds it met.
BatchResult run_named_batch(const Denoiser& denoiser, const Solver& solver, const SampleRequest& request,
                            const RowRange& rows, int64_t points) {
  try {
    return run_batch(denoiser, solver, request, rows, points);
  } catch (const Error& error) {
    if (error.code() != ExitCode::kNumeric) throw;
    throw numeric_error(fmt::format("seeds {} to {} of this run: {}", request.seeds[rows.first],
                                    request.seeds[rows.first + rows.size - 1], error.what()));
  }
}

// Latents and classes that came with the request.
void check_given(const SampleRequest& request, const DenoiserInfo& model) {
  const auto count = static_cast<int64_t>(request.seeds.size());
  const auto& [latents, classes] = std::tie(request.latents, request.classes);
  if (latents.defined() &&
      (!latents.is_floating_point() || latents.sizes() != with_front({count}, model.sample_shape))) {
    throw usage_error(fmt::format("sampling: latents are {}, expected {}: one of the model's shape a seed",
                                  c10::str(latents.sizes()), c10::str(with_front({count}, model.sample_shape))));
  }
  if (!classes.defined()) return;
  if (request.label) throw usage_error("sampling: both a class for all samples and one for each were given");
  if (model.label_dim == 0)
    throw usage_error(fmt::format("sampling: classes given, but {} takes no labels", model.name));
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
  if (batch < 1 || batch > limits::kMostBatch) {
    throw usage_error(fmt::format("sampling: batch is {}, expected 1 to {}", batch, limits::kMostBatch));
  }
  if (label && model.label_dim == 0) {
    throw usage_error(
        fmt::format("sampling: class {} asked for, but {} takes no labels; leave --class out", *label, model.name));
  }
  if (label && (*label < 0 || *label >= model.label_dim)) {
    throw usage_error(
        fmt::format("sampling: class {} asked for, but {} knows 0 to {}", *label, model.name, model.label_dim - 1));
  }
  check_given(*this, model);
  const int64_t size = c10::multiply_integers(model.sample_shape), count = static_cast<int64_t>(seeds.size());
  checked_product("sampling: bytes of the samples", {count, size, sizeof(double)}, limits::kMostBytes);
  if (trajectory) {
    checked_product("sampling: bytes of the trajectory",
                    {2 * static_cast<int64_t>(levels.size()) + 1, count, size, sizeof(double)}, limits::kMostBytes);
  }
  if (teleport && teleport->gaussian.dim() != size) {
    throw usage_error(
        fmt::format("teleport: the Gaussian has {} dimensions, the samples of {} have {}; fit it to the "
                    "data of this model",
                    teleport->gaussian.dim(), model.name, size));
  }
  if (threshold) check_threshold(*threshold);
  if (denoise_to_zero && ode_jump) {
    throw usage_error("sampling: an ODE-Jump ends with D by itself; leave --denoise-to-zero out");
  }
  if (ends_denoised() && levels_run().back() == 0) {
    throw usage_error(
        "sampling: --denoise-to-zero needs levels that end above 0 (--final sigma_min); these end at 0 with "
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

Samples sample(const Denoiser& denoiser, const Solver& solver, const SampleRequest& request, Comm& comm) {
  const DenoiserInfo& model = denoiser.info();
  request.validate(model);
  Samples samples;
  samples.levels = levels_visited(solver, request.levels_run(), request.ends_denoised());
  const auto count = static_cast<int64_t>(request.seeds.size()), points = static_cast<int64_t>(samples.levels.size());
  samples.seeds = torch::tensor(request.seeds, torch::kInt64);
  samples.classes = torch::empty({count}, torch::kInt64);
  if (comm.is_root()) samples.x = torch::empty(with_front({count}, model.sample_shape), torch::kFloat64);
  if (comm.is_root() && request.trajectory) {
    samples.trajectory = torch::empty(with_front({points, count}, model.sample_shape), torch::kFloat64);
    samples.denoised = torch::empty(with_front({points - 1, count}, model.sample_shape), torch::kFloat64);
  }
  const int64_t size = solver.adaptive() ? 1 : request.batch;
  const auto rows_of = [&](int64_t part) { return RowRange{part * size, std::min(size, count - part * size)}; };
  std::vector<double> seconds(static_cast<size_t>(comm.size()));
  for_each_shard(comm, (count + size - 1) / size, [&](int64_t part) {
    const auto batch = run_named_batch(denoiser, solver, request, rows_of(part), points);
    Tensors result = {batch.x, batch.classes, torch::full({1}, batch.nfe, torch::kInt64),
                      torch::full({1}, batch.seconds, torch::kFloat64)};
    if (request.trajectory) result.insert(result.end(), {batch.trajectory, batch.denoised});
    return result;
  }, [&](int64_t part, const Tensors& batch) {
    const RowRange rows = rows_of(part);
    const int64_t nfe = batch[2].item<int64_t>();
    samples.classes.narrow(0, rows.first, rows.size).copy_(batch[1]);
    samples.nfe = std::max(samples.nfe, nfe);
    seconds[part % comm.size()] += batch[3].item<double>();
    if (!is_mine(comm, part) && request.on_evaluation) request.on_evaluation(rows.size * nfe);
    if (samples.x.defined()) samples.x.narrow(0, rows.first, rows.size).copy_(batch[0]);
    if (!samples.trajectory.defined()) return;
    samples.trajectory.narrow(1, rows.first, rows.size).copy_(batch[4]);
    samples.denoised.narrow(1, rows.first, rows.size).copy_(batch[5]);
  });
  samples.seconds = *std::max_element(seconds.begin(), seconds.end());
  return samples;
}

}  // namespace farfield
