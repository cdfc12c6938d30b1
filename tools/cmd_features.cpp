#include <memory>
#include <optional>

#include <nlohmann/json.hpp>

#include "analysis/compare/references.h"
#include "analysis/features/features_run.h"
#include "core/comm.h"
#include "core/device.h"
#include "core/error.h"
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

constexpr const char* kFeaturesExamples =
    "  farfield features --data cifar:DIR --features inception.pt,preset=inception-2015-12-05 --trust --out runs/cifar-features\n"
    "  farfield features --samples runs/heun --features pixels-8x8 --out runs/f\n"
    "  farfield features --samples runs/heun --features pca:64 --reference mnist:DIR,pad=32 --out runs/f\n"
    "  farfield features --merge runs/f1,runs/f2,runs/f3 --out runs/all\n";

struct FeaturesArguments {
  std::string data, samples, merge, features, reference, out;
  int64_t batch = 64;
  bool resume = false;
};

FeaturesInputs features_inputs(const FeaturesArguments& arguments, const Context& context) {
  FeaturesInputs inputs;
  const std::string& text = arguments.samples.empty() ? arguments.data : arguments.samples;
  if (names_features(text)) {
    inputs.samples = text;
  } else {
    inputs.samples = open_samples(text);
  }
  inputs.asked = arguments.features;
  inputs.options.trust = context.trust;
  inputs.options.device = parse_device(context.device);
  if (!arguments.reference.empty()) inputs.options.reference = open_data(arguments.reference);
  inputs.batch = arguments.batch;
  return inputs;
}

PartStore features_parts(const FeaturesInputs& inputs, const FeaturesArguments& arguments, const Context& context) {
  const auto* samples = std::get_if<SampleSource>(&inputs.samples);
  if (samples == nullptr) return {};  // features already
  nlohmann::ordered_json key = {
      {"samples", samples->fingerprint()},
      {"features", arguments.features},
      {"reference", inputs.options.reference ? inputs.options.reference->info().fingerprint : ""},
      {"batch", arguments.batch},
      {"network_sha256", features_sha256(arguments.features)}};
  return part_store(context, arguments.out, std::move(key), arguments.resume);
}

void run_features_command(const FeaturesArguments& arguments, const Context& context) {
  const Stopwatch clock;
  const bool merging = !arguments.merge.empty();
  const int sources = !arguments.data.empty() + !arguments.samples.empty() + merging;
  if (sources != 1) throw usage_error("features: give --data, --samples or --merge, one of them");
  if (merging && !arguments.features.empty())
    throw usage_error("--features: files that are merged have features already");
  std::optional<RunFolder> folder;  // the root's
  do_on_root(world(), [&] { folder.emplace(output_request(context, "features", arguments.out)); });
  PartStore parts;
  FeaturesRun run;
  if (merging) {
    run = merge_features(split_references(arguments.merge));
  } else {
    const FeaturesInputs inputs = features_inputs(arguments, context);
    parts = features_parts(inputs, arguments, context);
    run = run_features(inputs, parts, world());
  }
  do_on_root(world(), [&] {
    RunInfo info = record_of(context);
    add_network(info, arguments.features);
    const RunCall call{context.command_line, context.device, "float32", clock.seconds()};
    const std::string headline = save_features(run, call, std::move(info), *folder);
    parts.remove();
    print_answer(context, headline, *folder);
  });
}

}  // namespace

void add_features_command(CLI::App& app, Context& context) {
  const auto arguments = std::make_shared<FeaturesArguments>();
  CLI::App* command = add_command(
      app, context, "features", "Features of samples by a network or a formula, their mean and covariance.",
      kFeaturesExamples, [arguments, &context] { run_features_command(*arguments, context); });
  command->add_option("--data", arguments->data, "data set, SRC\n" + data_source_help());
  command->add_option("--samples", arguments->samples,
                      "folder or samples.npz of farfield sample, or a file of features");
  command->add_option("--merge", arguments->merge,
                      "files or folders of features or moments, A,B,...: their moments together");
  command->add_option("--features", arguments->features, features_help());
  command->add_option("--reference", arguments->reference, "of pca, SRC (default: the data themselves)");
  command->add_option("--batch", arguments->batch, "samples at a time")
      ->transform(whole_number(1, limits::kMostBatch))
      ->capture_default_str();
  command->add_flag("--resume", arguments->resume, "go on with what a stopped run of this call has finished")
      ->configurable(false);
  command->add_option("--out", arguments->out, "folder to make")->required();
  add_device_options(*command, context);
  add_trust_option(*command, context);
  add_output_options(*command, context);
  share_over_ranks(*command, context);
}

}  // namespace farfield::tools
