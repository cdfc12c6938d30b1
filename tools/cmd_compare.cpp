#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "analysis/compare/compare_output.h"
#include "analysis/compare/compare_sigmas.h"
#include "analysis/compare/references.h"
#include "analysis/page/format.h"
#include "core/comm.h"
#include "core/io/json.h"
#include "core/limits.h"
#include "core/parts.h"
#include "core/run/run_info.h"
#include "core/text.h"
#include "samplers/model_levels.h"
#include "samplers/solvers/solver_registry.h"
#include "tools/command.h"
#include "tools/number_option.h"
#include "tools/print.h"

namespace farfield::tools {
namespace {

constexpr const char* kCompareExamples =
    "  farfield compare --model assets/glyphs.safetensors --data glyphs --out runs/compare\n"
    "  farfield compare --model runs/mnist --data mnist:DIR,pad=32 --references gaussian,mixture:10,delta --out runs/c\n"
    "  farfield compare --model a.safetensors --references b.safetensors --sigmas 0.01:80:24 --out runs/a-and-b\n"
    "  farfield compare --model runs/train --data glyphs --with runs/heun --with runs/train --out runs/page\n"
    "  mpirun -n 4 farfield compare --model runs/mnist --data mnist:DIR,pad=32 --out runs/compare\n";

struct CompareArguments {
  std::string model, data, sigmas, seeds = "0-31", out;
  std::string references = "isotropic,gaussian,mixture:10,delta";
  std::vector<std::string> with;
  std::optional<int64_t> label, steps;
  CompareOptions options;
};

struct Compared {
  Subject model;
  References references;
  std::shared_ptr<const DataSource> data;
};

Compared open_all(const CompareArguments& arguments, const Context& context) {
  const ModelOptions options{context.device, context.precision, context.trust};
  Compared all;
  if (!arguments.data.empty()) all.data = open_data(arguments.data);
  all.model = open_subject(arguments.model, options);
  all.references = open_references(split_references(arguments.references), all.data, options, arguments.options.seed,
                                   world());
  choose_class(all.model, all.references.subjects, arguments.label);
  return all;
}

CompareResult measure(const CompareArguments& arguments, const Compared& all, const std::vector<int64_t>& seeds) {
  const CompareOptions& options = arguments.options;
  CompareResult result;
  for (const Subject& reference : all.references.subjects) result.kinds.push_back(reference.kind);
  result.comparison = compare(all.model, all.references.subjects, all.data, options, world());
  ScheduleRequest schedule;
  schedule.steps = arguments.steps;
  const TrajectoryOptions paths{seeds, resolve_levels(schedule, all.model.denoiser->info()), options.batch,
                                options.device};
  result.trajectories = compare_trajectories(all.model, all.references.subjects, all.references.gaussian,
                                             *make_solver("heun"), paths, world());
  return result;
}

// What happened, for people (in the report) and for machines (run.json).
CompareStory tell(const CompareArguments& arguments, const Context& context, const Compared& all,
                  const CompareResult& result, double seconds) {
  CompareStory story{all.model.name, context.command_line, {}, {}};
  story.asked = {
      {"model", arguments.model + " (" + all.model.denoiser->info().name + ")"},
      {"references", join(result.comparison.references, ", ")},
      {"data", all.data ? fmt::format("{}, {} samples", all.data->info().name, all.data->info().count)
                        : std::string("none: probed at pure noise only")},
      {"probes", fmt::format("{} of each kind at {} noise levels, seed {}", arguments.options.probes,
                             result.comparison.sigmas.size(), arguments.options.seed)},
      {"trajectories", fmt::format("seeds {}, {} steps", arguments.seeds, result.trajectories.levels.size() - 1)}};
  if (arguments.label) {
    story.asked.emplace_back("class", std::to_string(*arguments.label));
  } else if (all.model.denoiser->info().label_dim > 0) {
    story.asked.emplace_back("class",
                             "none: the network, trained with labels, is asked without one (--class K asks for one)");
  }
  story.settings = {{"batch", std::to_string(arguments.options.batch)},
                    {"device and precision", context.device + ", " + context.precision},
                    {"bootstrap", fmt::format("{} replicates", arguments.options.replicates)},
                    {"time", format_seconds(seconds)},
                    {"program", version_line()}};
  return story;
}

RunInfo run_info(const CompareArguments& arguments, const Context& context, const Compared& all,
                 const CompareResult& result) {
  RunInfo info = record_of(context);
  const nlohmann::ordered_json config = {{"model", arguments.model},
                                         {"data", arguments.data},
                                         {"references", result.comparison.references},
                                         {"sigmas", result.comparison.sigmas},
                                         {"probes", arguments.options.probes},
                                         {"seed", arguments.options.seed},
                                         {"replicates", arguments.options.replicates},
                                         {"batch", arguments.options.batch},
                                         {"seeds", arguments.seeds},
                                         {"class", arguments.label.value_or(-1)},
                                         {"levels", result.trajectories.levels},
                                         {"device", context.device},
                                         {"precision", context.precision}};
  info.add("config", dump_json(config));
  info.add("nfe", std::to_string(result.trajectories.nfe));
  info.add_text("headline", headline(result, all.model.name));
  if (all.data) {
    info.add_text("data_fingerprint", all.data->info().fingerprint);
    info.add("data_left_out", dump_json(to_json(all.data->info().notes.left_out)));
  }
  std::vector<std::string> models = {arguments.model};
  models.insert(models.end(), result.comparison.references.begin(), result.comparison.references.end());
  for (const std::string& model : models) {
    if (is_fitted_here(model)) continue;
    if (const auto file = model_file(model); !file.empty()) info.add_input("model", file);
  }
  return info;
}

void report(const Context& context, const std::string& answer, const std::string& page) {
  if (context.json) {
    fmt::print("{}\n", dump_json(nlohmann::ordered_json{{"headline", answer}, {"report", page}}));
  } else {
    print_line(answer);
    print_line(page);
  }
}

void run_compare(CompareArguments& arguments, const Context& context) {
  const auto start = std::chrono::steady_clock::now();
  std::optional<RunFolder> folder;  // the root's
  std::optional<EarlierRuns> earlier;
  do_on_root(world(), [&] {
    folder.emplace(output_request(context, "compare", arguments.out));
    earlier.emplace(std::vector<std::filesystem::path>(arguments.with.begin(), arguments.with.end()));
  });
  CompareOptions& options = arguments.options;
  options.device = parse_device(context.device);
  if (!arguments.sigmas.empty()) options.sigmas = parse_sigmas(arguments.sigmas);
  const std::vector<int64_t> seeds = parse_seeds(arguments.seeds);
  const Compared all = open_all(arguments, context);
  if (options.sigmas.empty()) options.sigmas = default_sigmas(all.model, all.references.subjects);
  CompareResult result = measure(arguments, all, seeds);
  do_on_root(world(), [&] {
    result.rows = summarise(result.comparison, options.replicates, options.seed);
    result.trajectory_rows = summarise(result.trajectories, options.replicates, options.seed);
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    write_comparison(result, tell(arguments, context, all, result, seconds), *earlier, *folder);
    folder->commit(run_info(arguments, context, all, result));
    report(context, headline(result, all.model.name), (folder->target() / "report.html").string());
  });
}

}  // namespace

void add_compare_command(CLI::App& app, Context& context) {
  const auto arguments = std::make_shared<CompareArguments>();
  CLI::App* command = add_command(app, context, "compare",
                                  "Compares a model's score with scores that are known exactly.", kCompareExamples,
                                  [arguments, &context] { run_compare(*arguments, context); });
  command->add_option("--model", arguments->model, "the MODEL: a file, a run folder, delta:SRC")->required();
  command->add_option("--data", arguments->data,
                      "the data set of references and data probes, SRC\n" + data_source_help());
  command
      ->add_option("--references", arguments->references,
                   "isotropic, gaussian[:RANK], mixture:K[:RANK], "
                   "mixture:classes[:RANK], delta, or any MODEL")
      ->capture_default_str();
  command->add_option("--sigmas", arguments->sigmas,
                      "noise levels: 0.1,1,10 or LOW:HIGH:COUNT (default: 20 from 0.01 to 80)");
  command->add_option("--probes", arguments->options.probes, "points at each noise level")
      ->transform(whole_number(2, limits::kMostProbes))
      ->capture_default_str();
  command->add_option("--seed", arguments->options.seed, "of probes, k-means and bootstrap")
      ->transform(whole_number(0, limits::kHighestSeed))
      ->capture_default_str();
  command->add_option("--seeds", arguments->seeds, "of the sampling trajectories, such as 0-31")->capture_default_str();
  command->add_option("--steps", arguments->steps, "of the sampling trajectories (default: 18)")
      ->transform(whole_number(1, limits::kMostSteps));
  command->add_option("--class", arguments->label, "compare class-conditional models on this class")
      ->transform(whole_number(0, limits::kMostClasses - 1));
  command->add_option("--batch", arguments->options.batch, "points at a time")
      ->transform(whole_number(1, limits::kMostBatch))
      ->capture_default_str();
  command->add_option("--with", arguments->with, "add the results of an earlier sample, train or fit to the page");
  command->add_option("--out", arguments->out, "folder to make")->required();
  add_compute_options(*command, context);
  add_trust_option(*command, context);
  add_output_options(*command, context);
  share_over_ranks(*command, context);
}

}  // namespace farfield::tools
