#include <memory>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "analysis/features/features.h"
#include "analysis/jump/jump_report.h"
#include "analysis/jump/jump_run.h"
#include "core/comm.h"
#include "core/data/source.h"
#include "core/device.h"
#include "core/io/json.h"
#include "core/run/run_folder.h"
#include "core/shards.h"
#include "core/stopwatch.h"
#include "samplers/solvers/solver_registry.h"
#include "tools/feature_options.h"
#include "tools/path_options.h"
#include "tools/print.h"

namespace farfield::tools {
namespace {

constexpr const char* kJumpSeeds = "0-63";

constexpr const char* kJumpExamples =
    "  farfield jump --model assets/glyphs.safetensors --data glyphs --out runs/jump\n"
    "  farfield jump --model runs/mnist --solver euler --steps 50 --seeds 0-255 --out runs/jump\n"
    "  farfield jump --model assets/glyphs.safetensors --steps 10 --slopes --out runs/slopes\n"
    "  farfield sample --model assets/glyphs.safetensors --ode-jump 1 --out runs/one-jump\n";

struct JumpArguments {
  PathArguments path;
  std::string data, features, space = "ve";
  bool slopes = false;
};

void report_jump(const Context& context, const std::string& answer, const std::string& page) {
  if (context.json) {
    fmt::print("{}\n", dump_json(nlohmann::ordered_json{{"headline", answer}, {"report", page}}));
  } else {
    print_line(answer);
    print_line(page);
  }
}

void run_jump_command(const Context& context, const JumpArguments& arguments) {
  const Stopwatch clock;
  const ModelRun& run = arguments.path.run;
  (void)make_solver(run.solver);
  JumpOptions options;
  options.space = parse_space(arguments.space);
  std::optional<RunFolder> folder;  // the root's
  do_on_root(world(), [&] { folder.emplace(output_request(context, "jump", run.out)); });
  RunInfo info = record_of(context);
  if (!arguments.data.empty()) options.data = open_data(arguments.data);
  const auto model = open_model(context, run);
  options.request = path_request(context, arguments.path, model->info(), arguments.path.paper ? "0-49999" : kJumpSeeds);
  options.features = {arguments.features, {context.trust, parse_device(context.device), {}}};
  const nlohmann::ordered_json also = {{"data", options.data ? options.data->info().fingerprint : ""},
                                       {"network_sha256", features_sha256(arguments.features)}};
  const PartStore parts = part_store(context, arguments.path, dump_json(also));
  const JumpRun result = run_jump({model, run.model, run.solver, arguments.slopes}, options, parts, world());
  do_on_root(world(), [&] {
    for (const auto& [key, text] : settings_of(run)) info.add_text(key, text);
    add_inputs(info, run);
    add_network(info, arguments.features);
    if (!arguments.path.latents.empty()) info.add_input("latents", arguments.path.latents);
    save_jump(result, {context.command_line, context.device, context.precision, clock.seconds()}, std::move(info),
              *folder);
    parts.remove();
    report_jump(context, jump_headline(result.result), (folder->target() / "report.html").string());
  });
}

}  // namespace

void add_jump_command(CLI::App& app, Context& context) {
  const auto arguments = std::make_shared<JumpArguments>();
  CLI::App* command = add_command(app, context, "jump",
                                  "Measures what leaving a trajectory at every step for D gives (ODE-Jump).",
                                  kJumpExamples, [&context, arguments] { run_jump_command(context, *arguments); });
  add_path_options(*command, context, arguments->path, "50000 trajectories");
  command->add_option("--data", arguments->data,
                      "measure the distance to the nearest of these, too: SRC\n" + data_source_help());
  command->add_option("--features", arguments->features,
                      "with --data: also Fréchet distances from them, in these features\n" + features_help());
  command
      ->add_option("--space", arguments->space,
                   "ve: states x as they are; vp: x / sqrt(1 + sigma^2), as variance-preserving models have them")
      ->capture_default_str();
  command->add_flag(
      "--slopes", arguments->slopes,
      "also what dD/dsigma is to euler, spndm, deis_rhoab2, dpm2, heun and the solver, against an accurate path");
  share_over_ranks(*command, context);
}

}  // namespace farfield::tools
