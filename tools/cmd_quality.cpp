#include <memory>
#include <optional>

#include <nlohmann/json.hpp>

#include "analysis/quality/quality_run.h"
#include "core/comm.h"
#include "core/device.h"
#include "core/limits.h"
#include "core/shards.h"
#include "core/stopwatch.h"
#include "tools/command.h"
#include "tools/feature_options.h"
#include "tools/number_option.h"
#include "tools/page_answer.h"
#include "tools/path_options.h"

namespace farfield::tools {
namespace {

constexpr const char* kQualityExamples =
    "  farfield quality --samples runs/heun --reference glyphs --out runs/quality\n"
    "  farfield quality --samples runs/a runs/b runs/c --reference cifar-inception.npz --features inception.pt,preset=inception-2015-12-05 "
    "--measures fd --trust --out runs/q\n"
    "  farfield quality --samples runs/heun --blocks 3 --reference mnist:DIR --held-out mnist:DIR,split=test --out runs/q\n";

struct QualityArguments {
  std::vector<std::string> samples;
  std::string reference, held_out, features, measures = "all", out;
  QualityOptions options;
  int64_t batch = 64;
  bool resume = false;
};

QualityInputs quality_inputs(const QualityArguments& arguments, const Context& context) {
  QualityInputs inputs{.given = {{}, given_set(arguments.reference), {}}};
  for (const std::string& text : arguments.samples) inputs.given.samples.push_back(given_set(text));
  if (!arguments.held_out.empty()) inputs.given.held_out = given_set(arguments.held_out);
  inputs.features = arguments.features;
  inputs.feature_options.trust = context.trust;
  inputs.feature_options.device = parse_device(context.device);
  inputs.batch = arguments.batch;
  inputs.options = arguments.options;
  return inputs;
}

// Of what is kept, the features: all samples one behind the other.
PartStore quality_parts(const QualityArguments& arguments, const Context& context, const QualityInputs& inputs) {
  nlohmann::ordered_json sets = nlohmann::ordered_json::array();
  const auto add = [&](const GivenSet& given) {
    const auto* samples = std::get_if<SampleSource>(&given);
    sets.push_back(samples != nullptr ? samples->fingerprint() : std::get<std::string>(given));
  };
  add(inputs.given.reference);
  for (const GivenSet& given : inputs.given.samples) add(given);
  if (inputs.given.held_out) add(*inputs.given.held_out);
  return part_store(context, arguments.out,
                    {{"sets", sets},
                     {"features", arguments.features},
                     {"network_sha256", features_sha256(arguments.features)},
                     {"batch", arguments.batch}},
                    arguments.resume);
}

void run_quality_command(QualityArguments arguments, const Context& context) {
  const Stopwatch clock;
  arguments.options.measures = parse_measures(arguments.measures);
  std::optional<RunFolder> folder;  // the root's
  do_on_root(world(), [&] { folder.emplace(output_request(context, "quality", arguments.out)); });
  QualityInputs inputs = quality_inputs(arguments, context);
  const PartStore parts = quality_parts(arguments, context, inputs);
  const QualityRun run = run_quality(std::move(inputs), parts, world());
  do_on_root(world(), [&] {
    RunInfo info = record_of(context);
    add_network(info, arguments.features);
    const RunCall call{context.command_line, context.device, "float64", clock.seconds()};
    const std::string headline = save_quality(run, call, std::move(info), *folder);
    parts.remove();
    print_answer(context, headline, *folder);
  });
}

void add_measure_options(CLI::App& command, QualityArguments& arguments) {
  QualityOptions& options = arguments.options;
  command
      .add_option(
          "--measures", arguments.measures,
          "all, or some of fd (Frechet distance), kid (kernel distance), pr (precision, recall), dc (density, coverage), "
          "memorisation, sw (sliced Wasserstein), vendi: fd,kid")
      ->capture_default_str();
  command.add_option("--blocks", options.blocks, "equal parts of the samples, each measured: mean and least")
      ->transform(whole_number(1, limits::kMostProbes))
      ->capture_default_str();
  command
      .add_option("--bootstrap", options.bootstrap,
                  "replicates of the Frechet distance's interval (default: 100, 10 above 256 features; 0: none)")
      ->transform(whole_number(0, limits::kMostProbes));
  command.add_option("--subsets", options.subsets, "of the kernel distance")
      ->transform(whole_number(1, limits::kMostProbes))
      ->capture_default_str();
  command.add_option("--subset-size", options.subset_size, "samples of a subset")
      ->transform(whole_number(2, limits::kMostProbes))
      ->capture_default_str();
  command.add_option("--directions", options.directions, "of the sliced Wasserstein distance")
      ->transform(whole_number(1, limits::kMostProbes))
      ->capture_default_str();
  command.add_option("--most", options.most, "samples of a set, drawn at random, in measures that look at all pairs")
      ->transform(whole_number(2, limits::kMostProbes))
      ->capture_default_str();
  command.add_option("--seed", options.seed, "of all that is drawn")
      ->transform(whole_number(0, limits::kMostProbes))
      ->capture_default_str();
}

}  // namespace

void add_quality_command(CLI::App& app, Context& context) {
  const auto arguments = std::make_shared<QualityArguments>();
  CLI::App* command = add_command(
      app, context, "quality",
      "How samples are distributed beside data: Frechet distances, precision, copies and more.", kQualityExamples,
      [arguments, &context] { run_quality_command(*arguments, context); });
  command
      ->add_option(
          "--samples", arguments->samples,
          "folders or samples.npz of farfield sample, data sets (SRC) or files of features; each of several is a block")
      ->required();
  command
      ->add_option("--reference", arguments->reference,
                   "what they are held against: the same, or an .npz with mu and sigma\n" + data_source_help())
      ->required();
  command->add_option("--held-out", arguments->held_out,
                      "data not trained on, beside whose distances those of copies stand");
  command->add_option(
      "--features", arguments->features,
      "in which everything is measured (default: pca:64 of a reference of 128 samples or more with more than 64 "
      "numbers each, else pixels)\n" +
          features_help());
  add_measure_options(*command, *arguments);
  command->add_option("--batch", arguments->batch, "samples at a time, for their features")
      ->transform(whole_number(1, limits::kMostBatch))
      ->capture_default_str();
  command
      ->add_flag("--resume", arguments->resume, "go on with the features that a stopped run of this call has finished")
      ->configurable(false);
  command->add_option("--out", arguments->out, "folder to make")->required();
  add_device_options(*command, context);
  add_trust_option(*command, context);
  add_output_options(*command, context);
  share_over_ranks(*command, context);
}

}  // namespace farfield::tools
