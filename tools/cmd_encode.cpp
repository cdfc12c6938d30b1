#include <algorithm>
#include <map>
#include <memory>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/data/source.h"
#include "core/device.h"
#include "core/error.h"
#include "core/io/json.h"
#include "core/io/npz.h"
#include "core/progress.h"
#include "core/run/run_folder.h"
#include "samplers/encode.h"
#include "samplers/sampler.h"
#include "samplers/seed_batch.h"
#include "samplers/solvers/solver_registry.h"
#include "tools/model_run.h"
#include "tools/print.h"

namespace farfield::tools {
namespace {

using nlohmann::ordered_json;

struct EncodeOptions {
  ModelRun run;
  std::string data;
};

// What is encoded: points at the last level, and their classes where the model takes labels.
struct Clean {
  torch::Tensor x;        // [N, ...shape] float64
  torch::Tensor classes;  // [N] int64, or undefined
};

Clean clean_data(const EncodeOptions& options, const DataSource& data, const DenoiserInfo& model) {
  const DataInfo& info = data.info();
  if (info.shape != model.sample_shape) {
    throw usage_error(
        fmt::format("encode: samples of {} have another shape than those of {}; give data this model was "
                    "made for (for example with ,pad= or another size)",
                    info.name, model.name));
  }
  Clean clean{data.rows(0, info.count).to(torch::kFloat64), {}};
  if (options.run.label) {
    if (*options.run.label < 0 || *options.run.label >= model.label_dim) {
      throw usage_error(fmt::format("encode: class {} asked for, but {} knows {} classes", *options.run.label,
                                    model.name, model.label_dim));
    }
    clean.classes = torch::full({info.count}, *options.run.label, torch::kInt64);
  } else if (model.label_dim > 0) {
    if (info.label_dim > model.label_dim || !data.labels().defined()) {
      throw usage_error(fmt::format("encode: {} takes {} classes, {} has {}; say one for all with --class", model.name,
                                    model.label_dim, info.name, info.label_dim == 0 ? "none" : "more"));
    }
    clean.classes = data.labels();
  }
  return clean;
}

// The way up, batch by batch (one by one for an adaptive solver): latents x(sigma_0) / sigma_0, and evaluations.
struct Encoded {
  torch::Tensor latents;
  int64_t nfe = 0;
  double seconds = 0;
};

Encoded encode_all(const Denoiser& model, const Solver& solver, const Clean& clean, const SampleRequest& request,
                   Progress& progress) {
  Encoded encoded{torch::empty_like(clean.x)};
  const int64_t count = clean.x.size(0), batch = solver.adaptive() ? 1 : request.batch;
  for (int64_t first = 0; first < count; first += batch) {
    const int64_t size = std::min(batch, count - first);
    const auto rows = [&](const torch::Tensor& all) { return all.narrow(0, first, size); };
    torch::Tensor labels;
    if (clean.classes.defined()) labels = one_hot_labels(rows(clean.classes), model.info().label_dim, request.device);
    const DenoiseFn denoise = [&, bound = model.bind(labels)](const torch::Tensor& x, double sigma) {
      auto denoised = bound(x, sigma);
      progress.advance(x.size(0));
      return denoised;
    };
    const auto result = encode(solver, denoise, rows(clean.x).to(request.device), request.levels);
    rows(encoded.latents).copy_(result.x.div(request.levels.front()));
    encoded.nfe = std::max(encoded.nfe, result.nfe);
    encoded.seconds += result.seconds;
  }
  return encoded;
}

// Levels end at sigma_min, where the data are taken to be.
std::vector<double> levels_above_zero(ModelRun run, const DenoiserInfo& model) {
  const bool by_formula = run.sigmas.empty() && run.schedule.schedule.find(':') == std::string::npos;
  if (by_formula && !run.schedule.final) run.schedule.final = "sigma_min";
  return levels_of(run, model);
}

void report(const Context& context, const RunFolder& folder, ordered_json result) {
  const std::string out = folder.target().string();
  if (context.json) {
    result["out"] = out;
    fmt::print("{}\n", dump_json(result));
    return;
  }
  print_line(fmt::format("{}: {} latents, {} evaluations each; back with {}: rms error {:.3g}, largest {:.3g}", out,
                         result["samples"].get<int64_t>(), result["nfe_per_sample"].get<int64_t>(),
                         result["back_nfe_per_sample"].get<int64_t>(), result["rms_error"].get<double>(),
                         result["max_error"].get<double>()));
}

void run_encode(const Context& context, const EncodeOptions& options) {
  const auto solver = make_solver(options.run.solver);
  RunFolder folder(output_request(context, "encode", options.run.out));
  RunInfo info = record_of(context);
  const auto model = open_model(context, options.run);
  SampleRequest request{.levels = levels_above_zero(options.run, model->info()), .batch = options.run.batch};
  request.device = parse_device(context.device);
  check_encodes(*solver, request.levels);
  const auto data = open_data(options.data);
  const Clean clean = clean_data(options, *data, model->info());
  for (int64_t i = 0; i < clean.x.size(0); ++i) request.seeds.push_back(i);
  request.classes = clean.classes;
  request.validate(model->info());

  Progress progress("encoding", 2 * clean.x.size(0) * count_evaluations(*solver, request), "evaluations");
  const Encoded encoded = encode_all(*model, *solver, clean, request, progress);
  request.latents = encoded.latents;
  request.on_evaluation = [&](int64_t samples) { progress.advance(samples); };
  const Samples back = sample(*model, *solver, request);

  const auto error = back.x - clean.x;
  const ordered_json result = {{"samples", clean.x.size(0)},
                               {"nfe_per_sample", encoded.nfe},
                               {"seconds", encoded.seconds},
                               {"back_nfe_per_sample", back.nfe},
                               {"back_seconds", back.seconds},
                               {"rms_error", error.square().mean().sqrt().item<double>()},
                               {"max_error", error.abs().max().item<double>()}};
  std::map<std::string, torch::Tensor> arrays = {{"latents", encoded.latents},
                                                 {"round_trip", back.x},
                                                 {"sigma", torch::tensor(request.levels.front(), torch::kFloat64)}};
  if (clean.classes.defined()) arrays["labels"] = clean.classes;
  for (const auto& [key, text] : settings_of(options.run)) info.add_text(key, text);
  info.add_text("data", options.data);
  info.add_text("data_fingerprint", data->info().fingerprint);
  info.add("data_left_out", dump_json(to_json(data->info().notes.left_out)));
  info.add("levels", dump_json(ordered_json(request.levels)));
  info.add("result", dump_json(result));
  add_inputs(info, options.run);
  write_npz(folder.path("latents.npz"), arrays);
  folder.commit(info);
  report(context, folder, result);
}

constexpr const char* kEncodeExamples =
    "  farfield encode --model assets/glyphs.safetensors --data glyphs,first=16 --out runs/latents\n"
    "  farfield sample --model assets/glyphs.safetensors --latents runs/latents/latents.npz --final sigma_min --out "
    "runs/back\n";

}  // namespace

void add_encode_command(CLI::App& app, Context& context) {
  const auto options = std::make_shared<EncodeOptions>();
  CLI::App* command = add_command(app, context, "encode",
                                  "Carries data up to noise along the ODE, and back to say how far off that is.",
                                  kEncodeExamples, [&context, options] { run_encode(context, *options); });
  add_model_run_options(*command, context, options->run);
  command->add_option("--data", options->data, data_source_help())->required();
}

}  // namespace farfield::tools
