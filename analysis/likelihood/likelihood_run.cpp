#include "analysis/likelihood/likelihood_run.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include "analysis/paths/path_batches.h"
#include "core/checked_product.h"
#include "core/error.h"
#include "core/limits.h"
#include "core/log.h"
#include "core/math/random.h"
#include "core/progress.h"
#include "core/text.h"
#include "models/analytic/analytic.h"
#include "models/analytic/far_field.h"
#include "samplers/model_levels.h"

namespace farfield {
namespace {

using torch::Tensor;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr uint64_t kProbePurpose = 1, kDequantisePurpose = 2;
constexpr int64_t kHundredths = 100;  // a trajectory's, for progress

const AnalyticDenoiser* density_of(const Subject& subject) {
  return dynamic_cast<const AnalyticDenoiser*>(subject.denoiser.get());
}

// Bytes at a noise level of their own: the noise of rounding to a byte, and a tenth of it.
constexpr double kByteNoise = 0.1 / kByteScale;

// The samples of a run, those of `data` first.
class LikelihoodSamples {
 public:
  LikelihoodSamples(const LikelihoodInputs& inputs, const LikelihoodOptions& options)
      : inputs_(inputs), options_(options), own_(std::min(options.count, inputs.data->info().count)) {
    if (inputs.against) others_ = std::min(options.count, inputs.against->info().count);
  }
  int64_t own() const { return own_; }
  int64_t count() const { return own_ + others_; }

  // [size, ...shape] float32.
  Tensor clean(RowRange rows) const {
    const int64_t from_own = std::clamp<int64_t>(own_ - rows.first, 0, rows.size);
    Tensors parts;
    if (from_own > 0) parts.push_back(inputs_.data->rows(rows.first, from_own));
    if (from_own < rows.size)
      parts.push_back(inputs_.against->rows(rows.first + from_own - own_, rows.size - from_own));
    return torch::cat(parts);
  }
  // Of every one and a draw: what is random about it.
  std::vector<uint64_t> keys(RowRange rows, int64_t draw, uint64_t purpose) const {
    std::vector<uint64_t> keys;
    for (int64_t i = rows.first; i < rows.first + rows.size; ++i) {
      const uint64_t set = i < own_ ? 0 : 1;
      const auto place = static_cast<uint64_t>(i < own_ ? i : i - own_);
      keys.push_back(mix_key({options_.seed, set, place, static_cast<uint64_t>(draw), purpose}));
    }
    return keys;
  }

 private:
  const LikelihoodInputs& inputs_;
  const LikelihoodOptions& options_;
  int64_t own_, others_ = 0;
};

// Everything of some samples: one draw after the other.
class LikelihoodMeasure {
 public:
  LikelihoodMeasure(const LikelihoodRun& run, const LikelihoodSamples& samples)
      : run_(run),
        samples_(samples),
        divergence_(*run.inputs.model.denoiser, run.inputs.model.label, run.options.trace, run.options.batch),
        dim_(run.dimensions()) {
    if (run.options.solver.name != "dopri5") {
      grid_ = flow_grid(run.options.solver, run.options.range.sigma_min, run.options.range.sigma_max,
                        run.inputs.model.denoiser->info());
    }
    if (run.inputs.moments) moments_ = make_gaussian(*run.inputs.moments, {dim_});
  }

  Arrays operator()(RowRange rows, Progress& progress) const {
    const int64_t draws = run_.options.dequantise.draws;
    double covered = 0;
    int64_t told = 0;
    const auto tell = [&](double share) {
      covered += share / static_cast<double>(draws);
      const auto now = std::min(static_cast<int64_t>(covered * kHundredths + 1e-6), rows.size * kHundredths);
      if (now > told) progress.advance(now - told), told = now;
    };
    const Tensor clean = samples_.clean(rows);
    std::map<std::string, Tensors> collected;
    for (int64_t draw = 0; draw < draws; ++draw) {
      const Tensor x = dequantised(clean, run_.options.dequantise.kind, samples_.keys(rows, draw, kDequantisePurpose));
      for (auto& [name, values] : one_draw(x, samples_.keys(rows, draw, kProbePurpose), tell))
        collected[name].push_back(values);
    }
    Arrays arrays;
    for (const auto& [name, values] : collected) arrays[name] = torch::stack(values, 1).contiguous();
    arrays["growth"] = arrays.at("growth").mean(1).contiguous();
    return arrays;
  }

 private:
  Arrays one_draw(const Tensor& clean, const std::vector<uint64_t>& keys, const FlowProgress& tell) const {
    const FlowRange& range = run_.options.range;
    Tensors vectors;
    for (const uint64_t key : keys) vectors.push_back(divergence_.vectors(key));
    const Tensor x = clean.to(run_.options.device), probes = torch::stack(vectors).to(run_.options.device);
    const auto divergence = [&](const Tensor& states, const Tensor& sigma, const Tensor& places) {
      return divergence_(states, sigma, probes.index_select(0, places.to(probes.device())));
    };
    const FlowResult flow = flow_up(run_.options.solver, divergence, x, range, grid_, tell);
    Tensors references;
    for (const Subject& reference : run_.inputs.references)
      references.push_back(density_of(reference)->log_density(x, range.sigma_min).cpu());
    const Tensor none = torch::full({x.size(0)}, kNaN, torch::kFloat64);
    const AnalyticDenoiser* own = density_of(run_.inputs.model);
    Arrays arrays = {{"integral", flow.integral.mean(1)},
                     {"integral_error", standard_error(flow.integral)},
                     {"log_prior", priors(flow.x)},
                     {"log_density", own != nullptr ? own->log_density(x, range.sigma_min).cpu() : none},
                     {"evaluations", flow.evaluations},
                     {"growth", flow.growth}};
    if (!references.empty()) arrays["references"] = torch::stack(references, 1);
    return arrays;
  }

  // Over the columns [B, P].
  Tensor standard_error(const Tensor& columns) const {
    if (run_.options.trace.kind == TraceKind::kExact) return torch::zeros({columns.size(0)}, torch::kFloat64);
    if (columns.size(1) < 2) return torch::full({columns.size(0)}, kNaN, torch::kFloat64);
    return columns.std(1) / std::sqrt(static_cast<double>(columns.size(1)));
  }

  // [B, 3] of states at sigma_max.
  Tensor priors(const Tensor& x) const {
    const double sigma = run_.options.range.sigma_max;
    const Tensor rows = x.flatten(1).cpu();
    const Tensor gaussian = -0.5 * (rows.square().sum(1) / (sigma * sigma) +
                                    static_cast<double>(dim_) * std::log(2 * std::numbers::pi * sigma * sigma));
    const Tensor none = torch::full({rows.size(0)}, kNaN, torch::kFloat64);
    const AnalyticDenoiser* own = density_of(run_.inputs.model);
    return torch::stack({gaussian, moments_ ? moments_->log_density(rows, sigma) : none,
                         own != nullptr ? own->log_density(x, sigma).cpu() : none},
                        1);
  }

  const LikelihoodRun& run_;
  const LikelihoodSamples& samples_;
  Divergence divergence_;
  int64_t dim_;
  std::vector<double> grid_;
  std::unique_ptr<const AnalyticDenoiser> moments_;
};

void check_shapes(const DataInfo& data, const std::vector<int64_t>& shape, const char* option) {
  if (data.shape == shape) return;
  throw usage_error(
      fmt::format("{}: samples of '{}' are [{}], the model's are [{}]; give the data the model was made for", option,
                  data.name, join(data.shape, ","), join(shape, ",")));
}

void warn_of_bytes(const LikelihoodInputs& inputs, const LikelihoodOptions& options) {
  if (!inputs.data->info().eight_bit) return;
  if (options.dequantise.kind == Dequantisation::kNone) {
    log::warning(
        fmt::format("'{}' has bytes and they are not dequantised: a density of points, no bound on bits of bytes",
                    inputs.data->info().name));
  } else if (options.range.sigma_min < kByteNoise) {
    log::warning(fmt::format(
        "--sigma-min {:g} is far below the width of a byte, {:.2g}: the density may have a spike at every byte",
        options.range.sigma_min, 1 / kByteScale));
  }
}

}  // namespace

LikelihoodOptions read_likelihood_options(const LikelihoodRequest& request, const Denoiser& model,
                                          const DataInfo& data) {
  const DenoiserInfo& info = model.info();
  LikelihoodOptions options;
  options.range.sigma_min = request.sigma_min.value_or(std::max(options.range.sigma_min, info.sigma_min));
  options.range.sigma_max = request.sigma_max.value_or(std::min(options.range.sigma_max, info.sigma_max));
  const double low = options.range.sigma_min, high = options.range.sigma_max;
  if (!limits::is_sigma(low)) {
    throw usage_error(fmt::format("--sigma-min: {}, expected {} to {}: at 0 the density of a data set is not finite",
                                  low, limits::kLowestSigma, limits::kHighestSigma));
  }
  if (!limits::is_sigma(high) || high <= low)
    throw usage_error(
        fmt::format("--sigma-max: {}, expected above --sigma-min, {}, to {}", high, low, limits::kHighestSigma));
  options.solver = parse_flow_solver(request.solver);
  options.trace = parse_trace(request.trace, model);
  options.dequantise = parse_dequantise(request.dequantise, data);
  return options;
}

void check_likelihood(const LikelihoodInputs& inputs, const LikelihoodOptions& options) {
  const DenoiserInfo& model = inputs.model.denoiser->info();
  check_shapes(inputs.data->info(), model.sample_shape, "--data");
  if (inputs.against) {
    check_shapes(inputs.against->info(), model.sample_shape, "--against");
    if (inputs.against->info().eight_bit != inputs.data->info().eight_bit) {
      throw usage_error(
          fmt::format("--against: one of '{}' and '{}' has bytes and the other has not; their likelihoods "
                      "do not compare",
                      inputs.data->info().name, inputs.against->info().name));
    }
  }
  if (is_expansion(model.kind)) {
    throw usage_error(
        fmt::format("--model: {} is an expansion for high noise levels and has no flow from low ones; take "
                    "gaussian",
                    model.name));
  }
  for (const Subject& reference : inputs.references) {
    if (density_of(reference) == nullptr || is_expansion(reference.kind)) {
      throw usage_error(fmt::format("--references: {} has no density in closed form; leave it out", reference.name));
    }
    if (reference.denoiser->info().sample_shape != model.sample_shape)
      throw usage_error(fmt::format("--references: samples of {} have another shape than the model's", reference.name));
  }
  check_flow(options.solver, model);
  check_levels_for(model, {options.range.sigma_max, options.range.sigma_min});
  if (options.count < 1 || options.batch < 1) throw usage_error("--count, --batch: at least 1");
  const int64_t vectors = Divergence(*inputs.model.denoiser, {}, options.trace, 1).probes();
  checked_product("likelihood: bytes of the probes of a batch",
                  {options.batch, vectors, c10::multiply_integers(model.sample_shape), sizeof(double)},
                  limits::kMostBytes);
}

LikelihoodRun run_likelihood(LikelihoodInputs inputs, LikelihoodOptions options, const PartStore& parts, Comm& comm) {
  const torch::NoGradGuard no_gradients;
  check_likelihood(inputs, options);
  if (comm.is_root()) warn_of_bytes(inputs, options);
  std::vector<Subject> none;
  choose_class(inputs.model, none, options.label);
  LikelihoodRun run;
  run.inputs = std::move(inputs);
  run.options = std::move(options);
  const LikelihoodSamples samples(run.inputs, run.options);
  const LikelihoodMeasure measure(run, samples);
  run.own = samples.own();
  BatchWork work;
  work.what = "likelihood of " + run.inputs.model.name;
  work.unit = "hundredths";
  work.count = samples.count();
  work.batch = run.options.batch;
  work.evaluations = kHundredths;
  work.names = {"integral", "integral_error", "log_prior", "log_density", "evaluations", "growth"};
  if (!run.inputs.references.empty()) work.names.emplace_back("references");
  work.measure = [&](RowRange rows, Progress& progress) { return measure(rows, progress); };
  Arrays arrays = measure_batches(work, parts, comm);
  run.integral = arrays.at("integral");
  run.integral_error = arrays.at("integral_error");
  run.log_prior = arrays.at("log_prior");
  run.log_density = arrays.at("log_density");
  if (!run.inputs.references.empty()) run.references = arrays.at("references");
  run.evaluations = arrays.at("evaluations");
  run.growth = arrays.at("growth");
  return run;
}

}  // namespace farfield
