#include <memory>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "analysis/geometry/geometry_run.h"
#include "core/comm.h"
#include "core/io/json.h"
#include "core/shards.h"
#include "core/stopwatch.h"
#include "tools/path_options.h"
#include "tools/print.h"

namespace farfield::tools {
namespace {

constexpr const char* kGeometrySeeds = "0-63";
constexpr const char* kDocumentSeeds = "0-4999";

constexpr const char* kGeometryExamples =
    "  farfield geometry --model assets/glyphs.safetensors --out runs/geometry\n"
    "  farfield geometry --model assets/glyphs.safetensors --data glyphs --out runs/geometry\n"
    "  farfield geometry --model net.safetensors --data cifar:DIR --solver heun --steps 18 --final zero --paper \\\n"
    "    --out runs/g\n"
    "  farfield geometry --model net.safetensors --schedule vp_uniform --space vp --out runs/vp\n";

struct GeometryArguments {
  PathArguments paths;
  std::string data, space = "ve";
  bool uncentred = false;
};

GeometryRequest request_of(const GeometryArguments& arguments, const Context& context, const DenoiserInfo& model) {
  GeometryRequest request;
  request.solver = arguments.paths.run.solver;
  request.measures = {parse_space(arguments.space), !arguments.uncentred};
  PathArguments paths = arguments.paths;
  paths.run.schedule = documented_schedule(schedule_for(request.solver, paths.run.schedule));
  request.sampling = path_request(context, paths, model, paths.paper ? kDocumentSeeds : kGeometrySeeds);
  return request;
}

std::string fingerprint_of(const GeometryInputs& inputs) {
  return dump_json(nlohmann::ordered_json(inputs.data ? inputs.data->info().fingerprint : ""));
}

void report(const Context& context, const GeometryRun& run, const RunFolder& folder) {
  const std::string page = (folder.target() / "report.html").string();
  if (context.json) {
    fmt::print("{}\n", dump_json(nlohmann::ordered_json{{"headline", geometry_headline(run)}, {"report", page}}));
    return;
  }
  print_line(geometry_headline(run));
  print_line(page);
}

void run(const GeometryArguments& arguments, const Context& context) {
  const Stopwatch clock;
  const ModelRun& how = arguments.paths.run;
  std::optional<RunFolder> folder;  // the root's
  do_on_root(world(), [&] { folder.emplace(output_request(context, "geometry", how.out)); });
  RunInfo info = record_of(context);
  GeometryInputs inputs{how.model, open_model(context, how),
                        arguments.data.empty() ? nullptr : open_data(arguments.data)};
  const GeometryRequest request = request_of(arguments, context, inputs.model->info());
  const PartStore parts = part_store(context, arguments.paths, fingerprint_of(inputs));
  const GeometryRun result = run_geometry(std::move(inputs), request, parts, world());
  do_on_root(world(), [&] {
    save_geometry(result, {context.command_line, context.device, context.precision, clock.seconds()}, std::move(info),
                  *folder);
    parts.remove();
    report(context, result, *folder);
  });
}

}  // namespace

void add_geometry_command(CLI::App& app, Context& context) {
  const auto arguments = std::make_shared<GeometryArguments>();
  CLI::App* command = add_command(app, context, "geometry", "Measures the shape of sampling trajectories.",
                                  kGeometryExamples, [arguments, &context] { run(*arguments, context); });
  arguments->paths.run.solver = "euler";
  add_path_options(*command, context, arguments->paths, "5,000 trajectories");
  command->get_option("--seeds")->description("trajectories, one a seed [0-63]");
  command->get_option("--steps")->description("intervals N between N + 1 noise levels [100]");
  command->get_option("--final")->description(
      "zero: the last interval ends at 0; sigma_min: it ends there [sigma_min]");
  command->add_option(
      "--data", arguments->data,
      "adds the exact denoiser of these data, their Gaussian and the forward process, SRC\n" + data_source_help());
  command
      ->add_option("--space", arguments->space,
                   "ve: as they are; vp: the variance-preserving view, x / sqrt(1 + sigma^2)")
      ->capture_default_str();
  command->add_flag("--uncentred", arguments->uncentred, "principal components without taking off the mean");
  share_over_ranks(*command, context);
}

}  // namespace farfield::tools
