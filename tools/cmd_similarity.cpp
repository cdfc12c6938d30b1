#include <memory>
#include <optional>

#include <nlohmann/json.hpp>

#include "analysis/features/features.h"
#include "analysis/similarity/similarity_run.h"
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

constexpr const char* kSimilarityExamples =
    "  farfield similarity runs/heun runs/gaussian --out runs/similar\n"
    "  farfield similarity runs/a runs/b --features vgg.pt --trust --out runs/s\n";

struct SimilarityArguments {
  std::string a, b, features, out;
  bool no_resize = false, resume = false;
  int64_t batch = 64;
};

PartStore similarity_parts(const SimilarityArguments& arguments, const Context& context, const SampleSource& a,
                           const SampleSource& b) {
  nlohmann::ordered_json key = {
      {"a", a.fingerprint()},           {"b", b.fingerprint()},
      {"features", arguments.features}, {"network_sha256", features_sha256(arguments.features)},
      {"resize", !arguments.no_resize}, {"batch", arguments.batch}};
  return part_store(context, arguments.out, std::move(key), arguments.resume);
}

void run_similarity_command(const SimilarityArguments& arguments, const Context& context) {
  const Stopwatch clock;
  std::optional<RunFolder> folder;  // the root's
  do_on_root(world(), [&] { folder.emplace(output_request(context, "similarity", arguments.out)); });
  SimilarityInputs inputs{open_samples(arguments.a),
                          open_samples(arguments.b),
                          arguments.features,
                          !arguments.no_resize,
                          context.trust,
                          parse_device(context.device),
                          arguments.batch};
  const PartStore parts = similarity_parts(arguments, context, inputs.a, inputs.b);
  const SimilarityRun run = run_similarity(std::move(inputs), parts, world());
  do_on_root(world(), [&] {
    RunInfo info = record_of(context);
    add_network(info, arguments.features);
    const RunCall call{context.command_line, context.device, "float64", clock.seconds()};
    const std::string headline = save_similarity(run, call, std::move(info), *folder);
    parts.remove();
    print_answer(context, headline, *folder);
  });
}

}  // namespace

void add_similarity_command(CLI::App& app, Context& context) {
  const auto arguments = std::make_shared<SimilarityArguments>();
  CLI::App* command = add_command(
      app, context, "similarity",
      "How far samples are from others, pair by pair: squared errors and what a network sees.", kSimilarityExamples,
      [arguments, &context] { run_similarity_command(*arguments, context); });
  command->add_option("A", arguments->a, "folder or samples.npz of farfield sample, or a data set, SRC")->required();
  command->add_option("B", arguments->b, "the same: as many, of the same seeds where both have seeds")->required();
  command->add_option("--features", arguments->features,
                      "NET.pt: TorchScript that returns maps [B,C,H,W], called as NET.yaml beside it says");
  command->add_flag("--no-resize", arguments->no_resize,
                    "images as they are; otherwise as the network's contract says, or to 224 x 224 pixels");
  command->add_option("--batch", arguments->batch, "pairs at a time")
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
