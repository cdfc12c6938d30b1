#include "analysis/encoding/encode_run.h"

#include <algorithm>
#include <filesystem>
#include <numeric>
#include <system_error>

#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include "core/error.h"
#include "core/progress.h"
#include "samplers/encode.h"
#include "samplers/gaussian_flow.h"
#include "samplers/integrate.h"
#include "samplers/model_levels.h"
#include "samplers/seed_batch.h"
#include "samplers/solvers/solver_registry.h"

namespace farfield {
namespace {

// The classes that `model` is asked for: [N] int64, undefined for a model without labels.
torch::Tensor classes_for(const DenoiserInfo& model, const DataSource& data, std::optional<int64_t> label) {
  const DataInfo& info = data.info();
  if (label) {
    if (*label >= model.label_dim) {
      throw usage_error(
          fmt::format("encode: class {} asked for, but {} knows {} classes", *label, model.name, model.label_dim));
    }
    return torch::full({info.count}, *label, torch::kInt64);
  }
  if (model.label_dim == 0) return {};
  if (info.label_dim > model.label_dim || !data.labels().defined()) {
    throw usage_error(fmt::format("encode: {} takes {} classes, {} has {}; say one for all with --class", model.name,
                                  model.label_dim, info.name, info.label_dim == 0 ? "none" : "more"));
  }
  return data.labels();
}

void check_shape(const DenoiserInfo& model, const DataInfo& data) {
  if (data.shape == model.sample_shape) return;
  throw usage_error(
      fmt::format("encode: samples of {} have another shape than those of {}; give data this model was made for (for "
                  "example with ,pad= or another size)",
                  data.name, model.name));
}

// The way up of one model: levels, data and solver of the run.
struct WayUp {
  const EncodeRun& run;
  const Solver& solver;
  Progress& progress;

  // Batch by batch, one by one for an adaptive solver; the evaluations of the slowest batch, and the time.
  torch::Tensor latents(const Denoiser& model, const torch::Tensor& classes, int64_t& nfe, double& seconds) const {
    torch::Tensor latents = torch::empty_like(run.clean);
    const int64_t count = run.clean.size(0), batch = solver.adaptive() ? 1 : run.options.batch;
    for (int64_t first = 0; first < count; first += batch) {
      const int64_t size = std::min(batch, count - first);
      const auto rows = [&](const torch::Tensor& all) { return all.narrow(0, first, size); };
      torch::Tensor labels;
      if (classes.defined()) labels = one_hot_labels(rows(classes), model.info().label_dim, run.options.device);
      const DenoiseFn denoise = [&, bound = model.bind(labels)](const torch::Tensor& x, double sigma) {
        auto denoised = bound(x, sigma);
        progress.advance(x.size(0));
        return denoised;
      };
      const auto result = encode(solver, denoise, rows(run.clean).to(run.options.device), run.options.levels);
      rows(latents).copy_(result.x.div(run.options.levels.front()));
      nfe = std::max(nfe, result.nfe);
      seconds += result.seconds;
    }
    return latents;
  }
};

// A file by its name alone, as titles have it; other texts as they are.
std::string short_name(const std::string& text) {
  const std::filesystem::path path(text);
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) return text;
  return (path.has_filename() ? path : path.parent_path()).filename().string();
}

OtherEncoding compared(const EncodeRun& run, OtherEncoding other) {
  const torch::Tensor own = run.latents.flatten(1), theirs = other.latents.flatten(1);
  other.rms = (own - theirs).square().mean(1).sqrt();
  other.cosine = (own * theirs).sum(1) / (own.norm(2, 1) * theirs.norm(2, 1));
  return other;
}

torch::Tensor gaussian_latents(const EncodeRun& run) {
  const std::vector<double>& levels = run.options.levels;
  return gaussian_flow(*run.inputs.gaussian, run.clean, levels.back(), levels.front()).div(levels.front());
}

// The request of the way back down.
SampleRequest way_down(const EncodeRun& run) {
  SampleRequest request{.levels = run.options.levels, .batch = run.options.batch};
  request.device = run.options.device;
  request.seeds.resize(static_cast<size_t>(run.clean.size(0)));
  std::iota(request.seeds.begin(), request.seeds.end(), 0);
  request.classes = run.classes;
  request.latents = run.latents;
  return request;
}

}  // namespace

EncodeRun run_encode(EncodeInputs inputs, EncodeOptions options) {
  const torch::NoGradGuard no_gradients;
  const auto solver = make_solver(inputs.solver);
  check_encodes(*solver, options.levels);
  EncodeRun run{std::move(inputs), std::move(options), {}, {}, {}, 0, 0, {}, {}};
  const auto& [model, data, against, gaussian, text, against_text, gaussian_text, how] = run.inputs;
  check_shape(model->info(), data->info());
  run.clean = data->rows(0, data->info().count).to(torch::kFloat64);
  run.classes = classes_for(model->info(), *data, run.options.label);
  SampleRequest down = way_down(run);
  down.validate(model->info());
  torch::Tensor other_classes;
  if (against) {
    check_shape(against->info(), data->info());
    check_levels_for(against->info(), run.options.levels);
    // A class for all may be meant for the one model that takes them.
    const bool takes = against->info().label_dim > 0;
    other_classes = takes ? classes_for(against->info(), *data, run.options.label) : torch::Tensor();
  }
  if (gaussian)
    gaussian_flow(*gaussian, run.clean.narrow(0, 0, 1), run.options.levels.back(), run.options.levels.front());

  const int64_t ways = against ? 3 : 2;
  Progress progress("encoding", ways * run.clean.size(0) * count_evaluations(*solver, down), "evaluations");
  const WayUp up{run, *solver, progress};
  run.latents = up.latents(*model, run.classes, run.nfe, run.seconds);
  down.latents = run.latents;
  down.on_evaluation = [&](int64_t samples) { progress.advance(samples); };
  run.back = sample(*model, *solver, down);
  if (against) {
    int64_t nfe = 0;
    double seconds = 0;
    run.others.push_back(compared(run, {"against",
                                        short_name(against_text),
                                        against->info().kind,
                                        up.latents(*against, other_classes, nfe, seconds),
                                        {},
                                        {}}));
  }
  if (gaussian) {
    run.others.push_back(compared(
        run, {"gaussian", short_name(gaussian_text) + " (closed form)", "gaussian", gaussian_latents(run), {}, {}}));
  }
  return run;
}

double round_trip_rms(const EncodeRun& run) { return (run.back.x - run.clean).square().mean().sqrt().item<double>(); }

}  // namespace farfield
