#include <algorithm>
#include <map>
#include <memory>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "analysis/interpolation/interpolation_report.h"
#include "analysis/neighbours/nearest_neighbours.h"
#include "core/data/source.h"
#include "core/device.h"
#include "core/error.h"
#include "core/io/image.h"
#include "core/io/json.h"
#include "core/io/npz.h"
#include "core/progress.h"
#include "core/run/run_folder.h"
#include "core/text.h"
#include "samplers/interpolate.h"
#include "samplers/sampler.h"
#include "samplers/seed_batch.h"
#include "samplers/solvers/solver_registry.h"
#include "tools/latents_file.h"
#include "tools/model_run.h"
#include "tools/number_option.h"
#include "tools/print.h"
#include "tools/sample_files.h"

namespace farfield::tools {
namespace {

struct InterpolateCall {
  ModelRun run;
  std::string seeds, latents, neighbours;
  InterpolateOptions interpolate;
  bool theory = false;
  int64_t k = 10;
};

// The corners [2 or 4, ...shape]: the latents of seeds, or of a file that belongs to the first level.
torch::Tensor corners_of(const InterpolateCall& options, const DenoiserInfo& model, double first_level) {
  if (options.latents.empty()) {
    const auto seeds = parse_seeds(options.seeds);
    check_corners(static_cast<int64_t>(seeds.size()));
    return SeedBatch(seeds, model).latents();
  }
  const LatentsFile file = read_latents(options.latents, model);
  check_level_of(file, first_level);
  return file.latents;
}

void write_files(const RunFolder& folder, const Samples& samples, const torch::Tensor& corners,
                 const torch::Tensor& latents, int64_t columns, const std::map<std::string, std::string>& settings) {
  std::map<std::string, torch::Tensor> arrays = {{"x", samples.x}, {"latents", latents}, {"corners", corners}};
  if (samples.x.dim() == 4) {
    const auto pictures = to_bytes(drawable(samples.x));
    if (is_image(samples.x.sizes().slice(1))) arrays["images"] = pictures;
    const int64_t zoom = std::max<int64_t>(1, 64 / samples.x.size(2));
    write_png(folder.path("interpolation.png"), image_grid(pictures, columns, 2, zoom), settings);
  }
  write_npz(folder.path("interpolation.npz"), arrays);
}

void report(const Context& context, const RunFolder& folder, const Samples& samples, int64_t corners) {
  const std::string out = folder.target().string();
  if (context.json) {
    fmt::print("{}\n", summary_json(result_json(samples), out));
    return;
  }
  print_line(fmt::format("{}: {} frames between {} corners, {} evaluations each, {:.3g} s", out, samples.x.size(0),
                         corners, samples.nfe, samples.seconds));
}

void check_options(const InterpolateCall& options) {
  if (options.run.model.empty()) throw usage_error("--model is required, but for --theory alone");
  if (options.seeds.empty() == options.latents.empty()) {
    throw usage_error("interpolate: say the corners with one of --seeds A,B and --latents FILE");
  }
}

void check_class(const InterpolateCall& options, const DenoiserInfo& model) {
  if (model.label_dim == 0 || options.run.label) return;
  throw usage_error(
      fmt::format("interpolate: {} takes {} classes; say which with --class", model.name, model.label_dim));
}

// What a reader must know of the frames.
Facts asked_of(const InterpolateCall& options) {
  if (options.run.model.empty()) return {};
  std::string mode = options.interpolate.mode;
  if (options.interpolate.weight) mode += ", weight " + *options.interpolate.weight;
  Facts asked = {{"model", options.run.model},
                 {"corners", options.latents.empty() ? "seeds " + options.seeds : options.latents},
                 {"mode", mode + fmt::format(", {} frames along an edge", options.interpolate.frames)},
                 {"solver", options.run.solver}};
  if (options.run.label) asked.emplace_back("class", std::to_string(*options.run.label));
  if (!options.neighbours.empty()) asked.emplace_back("neighbours", options.neighbours);
  return asked;
}

// The page, where one is asked for. `samples` undefined: theory alone.
void write_page(const Context& context, const InterpolateCall& options, const torch::Tensor& samples,
                const torch::Tensor& latents, const std::shared_ptr<const DataSource>& data, const RunFolder& folder) {
  InterpolationStory story;
  story.theory = options.theory;
  story.mode = options.interpolate.mode;
  story.weight = options.interpolate.weight.value_or("");
  story.samples = samples;
  story.latents = latents;
  story.columns = options.interpolate.frames;
  story.data = data;
  if (data) story.found = nearest_neighbours(samples, *data, options.k);
  story.how.command = context.command_line;
  story.how.asked = asked_of(options);
  story.how.settings = {{"device and precision", context.device + ", " + context.precision},
                        {"program", version_line()}};
  write_interpolation_page(story, folder);
}

void run_theory(const Context& context, const InterpolateCall& options) {
  RunFolder folder(output_request(context, "interpolate", options.run.out));
  RunInfo info = record_of(context);
  write_page(context, options, {}, {}, nullptr, folder);
  folder.commit(std::move(info));
  const std::string page = (folder.target() / "report.html").string();
  if (context.json) {
    fmt::print("{}\n", dump_json(nlohmann::ordered_json{{"report", page}}));
  } else {
    print_line(page);
  }
}

void run_interpolate(const Context& context, const InterpolateCall& options) {
  options.interpolate.validate();
  const bool alone = options.run.model.empty() && options.seeds.empty() && options.latents.empty() &&
                     options.neighbours.empty();
  if (options.theory && alone) return run_theory(context, options);
  check_options(options);
  const auto solver = make_solver(options.run.solver);
  RunFolder folder(output_request(context, "interpolate", options.run.out));
  RunInfo info = record_of(context);
  const auto model = open_model(context, options.run);
  check_class(options, model->info());
  std::shared_ptr<const DataSource> data;
  if (!options.neighbours.empty()) {
    data = open_data(options.neighbours);
    check_neighbours(model->info().sample_shape, data->info(), options.k);
  }
  SampleRequest request{.levels = levels_of(options.run, model->info()), .batch = options.run.batch};
  request.label = options.run.label;
  request.device = parse_device(context.device);
  const auto corners = corners_of(options, model->info(), request.levels.front());
  request.latents = interpolate(corners, options.interpolate);
  // One seed for all frames: what a stochastic solver draws does not differ between them.
  request.seeds.assign(request.latents.size(0), options.seeds.empty() ? 0 : parse_seeds(options.seeds).front());

  const int64_t total = request.latents.size(0) * count_evaluations(*solver, request);
  Progress progress("interpolating", total, "evaluations");
  request.on_evaluation = [&](int64_t samples) { progress.advance(samples); };
  const auto samples = sample(*model, *solver, request);

  auto settings = settings_of(options.run);
  settings["mode"] = options.interpolate.mode;
  if (options.interpolate.weight) settings["weight"] = *options.interpolate.weight;
  settings["frames"] = std::to_string(options.interpolate.frames);
  settings["corners"] = options.latents.empty() ? "seeds " + options.seeds : options.latents;
  for (const auto& [key, text] : settings) info.add_text(key, text);
  info.add("sampling", request_json(request));
  info.add("result", result_json(samples));
  add_inputs(info, options.run);
  if (!options.latents.empty()) info.add_input("latents", options.latents);
  settings["sampling"] = request_json(request);
  settings["result"] = result_json(samples);
  write_files(folder, samples, corners, request.latents, options.interpolate.frames, settings);
  write_page(context, options, samples.x, request.latents, data, folder);
  if (data) info.add_text("data_fingerprint", data->info().fingerprint);
  folder.commit(info);
  report(context, folder, samples, corners.size(0));
}

constexpr const char* kInterpolateExamples =
    "  farfield interpolate --model assets/glyphs.safetensors --seeds 3,7 --class 5 --out runs/strip\n"
    "  farfield interpolate --model net.safetensors --seeds 3,7,8,9 --frames 5 --mode spherical --out runs/grid\n"
    "  farfield interpolate --model assets/glyphs.safetensors --seeds 3,7 --class 5 --neighbours glyphs --out runs/near\n"
    "  farfield interpolate --theory --out runs/theory\n";

}  // namespace

void add_interpolate_command(CLI::App& app, Context& context) {
  const auto options = std::make_shared<InterpolateCall>();
  CLI::App* command = add_command(app, context, "interpolate",
                                  "Samples from latents between those of two or four corners.", kInterpolateExamples,
                                  [&context, options] { run_interpolate(context, *options); });
  add_model_run_options(*command, context, options->run);
  command->get_option("--model")->required(false);  // --theory alone needs none
  CLI::Option* seeds = command->add_option("--seeds", options->seeds, "corners: A,B for a strip, A,B,C,D for a grid");
  command->add_option("--latents", options->latents, "corners from a file of farfield encode, 2 or 4 of them")
      ->excludes(seeds);
  command->add_option("--mode", options->interpolate.mode, join(interpolation_modes(), ", "))->capture_default_str();
  command->add_option("--weight", options->interpolate.weight,
                      "of mode indist: " + join(interpolation_weights(), ", ") + " [nlinear]");
  command->add_flag("--theory", options->theory,
                    "a page on what each mode does to the latents' length and spread; alone, or beside the frames");
  CLI::Option* near = command->add_option("--neighbours", options->neighbours,
                                          "a page with the nearest of these for every frame: SRC");
  command->add_option("--k", options->k, "neighbours of a frame")
      ->transform(whole_number(1, 1000))
      ->capture_default_str()
      ->needs(near);
  command->add_option("--frames", options->interpolate.frames, "along an edge, corners included")
      ->transform(whole_number(2, 1000))
      ->capture_default_str();
}

}  // namespace farfield::tools
