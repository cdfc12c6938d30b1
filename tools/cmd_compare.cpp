#include <filesystem>
#include <memory>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "analysis/compare/compare_run.h"
#include "analysis/compare/compare_sigmas.h"
#include "core/comm.h"
#include "core/device.h"
#include "core/duration.h"
#include "core/error.h"
#include "core/io/json.h"
#include "core/limits.h"
#include "core/run/run_info.h"
#include "core/shards.h"
#include "core/stopwatch.h"
#include "core/text.h"
#include "models/guidance.h"
#include "models/registry/model_registry.h"
#include "models/registry/reference_registry.h"
#include "tools/command.h"
#include "tools/feature_options.h"
#include "tools/number_option.h"
#include "tools/option_config.h"
#include "tools/path_options.h"
#include "tools/print.h"
#include "tools/schedule_options.h"

namespace farfield::tools {
namespace {

constexpr const char* kCompareExamples =
    "  farfield compare --model assets/glyphs.safetensors --data glyphs --out runs/compare\n"
    "  farfield compare --model runs/mnist --data mnist:DIR,pad=32 \\\n"
    "    --references gaussian,mixture,components=10,rank=64,delta --out runs/c\n"
    "  farfield compare --model a.safetensors --references b.safetensors --sigmas 0.01:80:24 --out runs/a-and-b\n"
    "  farfield compare --model runs/mnist --data mnist:DIR,pad=32 --solver euler --schedule vp --space vp --out runs/ddim\n"
    "  farfield compare --model runs/train --data glyphs --with runs/heun --with runs/train --out runs/page\n"
    "  farfield compare --model runs/mnist --data mnist:DIR,pad=32 --references all --budget 10m --out runs/theories\n"
    "  mpirun -n 4 farfield compare --model runs/mnist --data mnist:DIR,pad=32 --out runs/compare\n";

struct CompareArguments {
  std::string model, data, sigmas, out;
  std::optional<double> guidance;
  std::string references = kDefaultReferences;
  std::vector<std::string> with;
  std::string budget, label;
  bool resume = false, no_resize = false;
  CompareRunOptions options;
};

void take_class(const std::string& text, CompareRunOptions& options) {
  if (text.empty()) return;
  options.own_classes = text == "all";
  if (options.own_classes) return;
  options.label = parse_int(text, "--class");
  if (*options.label < 0 || *options.label >= limits::kMostClasses)
    throw usage_error(fmt::format("--class: got {}, expected 0 to {}, or all", text, limits::kMostClasses - 1));
}

// The model leans towards the class that it is compared on.
void guide(Subject& model, double weight, const CompareRunOptions& options) {
  model.denoiser = make_guidance(model.denoiser, weight);
  if (!options.label && !options.own_classes)
    throw usage_error("--guidance leans towards a class; say which with --class");
  model.name += " guided by " + format_double(weight);
  model.kind = model.denoiser->info().kind;
}

CompareInputs open_all(const CompareArguments& arguments, const Context& context) {
  CompareInputs all;
  if (!arguments.data.empty()) all.data = open_data(arguments.data);
  const ModelOptions options{context.device, context.precision, context.trust, all.data, arguments.options.probes.seed,
                             &world()};
  all.model_text = arguments.model;
  all.model = open_subject(arguments.model, options);
  if (arguments.guidance) guide(all.model, *arguments.guidance, arguments.options);
  all.opened = split_references(arguments.references);
  all.references = open_references(all.opened, all.data, options, arguments.options.probes.seed, world());
  std::erase(all.opened, "all");  // no text of one
  all.opened.insert(all.opened.begin(), arguments.model);
  return all;
}

// Of the sampling trajectories. Their levels are a schedule's; --sigmas are those of the probes.
void add_trajectory_options(CLI::App& command, CompareArguments& arguments) {
  command.add_option("--solver", arguments.options.solver, "of the sampling trajectories, see farfield sample --help")
      ->capture_default_str();
  add_schedule_options(command, "--schedule", arguments.options.schedule);
  command
      .add_option("--space", arguments.options.space,
                  "ve: states x as they are; vp: x / sqrt(1 + sigma^2), as variance-preserving models have them")
      ->capture_default_str();
  command
      .add_option("--band", arguments.options.band,
                  "of the trajectories' charts: interval, 95 % of the ratio of totals; quartiles, over seeds")
      ->capture_default_str();
  command
      .add_option("--guidance", arguments.guidance,
                  "classifier-free guidance of the model, D_u + W (D_c - D_u), with --class")
      ->transform(real_number(-limits::kHighestGuidance, limits::kHighestGuidance));
}

// Of costly references: what a stopped run finished.
PartStore parts_of(const CompareArguments& arguments, const Context& context, const CompareInputs& inputs) {
  nlohmann::ordered_json key = parse_json(options_json(*context.command), "options");
  key["model_sha256"] = model_sha256(arguments.model);
  key["data"] = inputs.data ? inputs.data->info().fingerprint : "";
  return part_store(context, arguments.out, std::move(key), arguments.resume);
}

void report(const Context& context, const std::string& answer, const std::string& page) {
  if (context.json) {
    fmt::print("{}\n", dump_json(nlohmann::ordered_json{{"headline", answer}, {"report", page}}));
  } else {
    print_line(answer);
    print_line(page);
  }
}

void run(CompareArguments& arguments, const Context& context) {
  const Stopwatch clock;
  std::optional<RunFolder> folder;  // the root's
  std::optional<EarlierRuns> earlier;
  do_on_root(world(), [&] {
    folder.emplace(output_request(context, "compare", arguments.out));
    earlier.emplace(std::vector<std::filesystem::path>(arguments.with.begin(), arguments.with.end()));
  });
  CompareRunOptions& options = arguments.options;
  take_class(arguments.label, options);
  options.probes.device = parse_device(context.device);
  if (!arguments.sigmas.empty()) options.probes.sigmas = parse_sigmas(arguments.sigmas);
  options.schedule = schedule_for(options.solver, options.schedule);
  if (names_model(options.schedule.schedule)) options.schedule.model_sha256 = model_sha256(arguments.model);
  parse_seeds(options.seeds);  // before the long work
  options.perceptual.trust = context.trust;
  options.perceptual.resize = !arguments.no_resize;
  if (!arguments.budget.empty()) options.budget = parse_duration(arguments.budget, "--budget");
  CompareInputs inputs = open_all(arguments, context);
  const PartStore parts = parts_of(arguments, context, inputs);
  const CompareRun run = run_compare(std::move(inputs), options, parts, world());
  do_on_root(world(), [&] {
    const RunCall call{context.command_line, context.device, context.precision, clock.seconds()};
    RunInfo info = record_of(context);
    add_network(info, options.perceptual.features);
    save_compare(run, call, *earlier, std::move(info), *folder);
    parts.remove();
    report(context, headline(run.result, run.inputs.model.name), (folder->target() / "report.html").string());
  });
}

}  // namespace

void add_compare_command(CLI::App& app, Context& context) {
  const auto arguments = std::make_shared<CompareArguments>();
  CLI::App* command = add_command(app, context, "compare",
                                  "Compares a model's score with scores that are known exactly.", kCompareExamples,
                                  [arguments, &context] { run(*arguments, context); });
  command->add_option("--model", arguments->model, "the MODEL: a file, a run folder, or KIND[:SRC], see below")
      ->required();
  command->add_option("--data", arguments->data,
                      "the data set of references and data probes, SRC\n" + data_source_help());
  command
      ->add_option("--references", arguments->references,
                   "MODELs with commas between them: KIND[:SRC][,option=value...], see below, or files; all: every "
                   "kind that fits the data, the costly ones on a part of it")
      ->capture_default_str();
  command->add_option(
      "--budget", arguments->budget,
      "time for the costly ones of --references all, about: 90s, 10m, 2h; more probes, levels and seeds with it");
  command
      ->add_flag("--resume", arguments->resume,
                 "go on with what a stopped run of this call finished of costly references")
      ->configurable(false);
  command->add_option("--sigmas", arguments->sigmas,
                      "noise levels: 0.1,1,10 or LOW:HIGH:COUNT (default: 20 from 0.01 to 80)");
  command->add_option("--probes", arguments->options.probes.probes, "points at each noise level")
      ->transform(whole_number(2, limits::kMostProbes))
      ->capture_default_str();
  command->add_option("--seed", arguments->options.probes.seed, "of probes, k-means and bootstrap")
      ->transform(whole_number(0, limits::kHighestSeed))
      ->capture_default_str();
  command->add_option("--seeds", arguments->options.seeds, "of the sampling trajectories, such as 0-31")
      ->capture_default_str();
  add_trajectory_options(*command, *arguments);
  command->add_option(
      "--class", arguments->label,
      "compare class-conditional models on this class; all: each probe on its own, with a table of classes");
  command->add_option("--batch", arguments->options.probes.batch, "points at a time")
      ->transform(whole_number(1, limits::kMostBatch))
      ->capture_default_str();
  command->add_option("--features", arguments->options.perceptual.features,
                      "NET.pt: the final samples to a perceptual network, see farfield similarity --help");
  command->add_flag("--no-resize", arguments->no_resize, "of --features: images as they are");
  command->add_option("--with", arguments->with, "add the results of an earlier sample, train or fit to the page");
  command->add_option("--out", arguments->out, "folder to make")->required();
  command->footer("KIND, fitted to SRC, or without it to --data:\n" + reference_help());
  add_compute_options(*command, context);
  add_trust_option(*command, context);
  add_output_options(*command, context);
  share_over_ranks(*command, context);
}

}  // namespace farfield::tools
