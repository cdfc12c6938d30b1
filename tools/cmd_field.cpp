#include <cctype>
#include <memory>
#include <optional>

#include "analysis/compare/compare_sigmas.h"
#include "analysis/compare/references.h"
#include "analysis/dynamics/dynamics_run.h"
#include "analysis/field/field_output.h"
#include "core/comm.h"
#include "core/device.h"
#include "core/error.h"
#include "core/limits.h"
#include "core/shards.h"
#include "core/stopwatch.h"
#include "core/text.h"
#include "models/registry/model_registry.h"
#include "models/registry/reference_registry.h"
#include "tools/model_run.h"
#include "tools/number_option.h"
#include "tools/page_answer.h"

namespace farfield::tools {
namespace {

constexpr const char* kFieldReferences = "gaussian,mixture,components=10,delta";

constexpr const char* kFieldExamples =
    "  farfield field --model assets/glyphs.safetensors --data glyphs --anchors 0,1,2 --out runs/field\n"
    "  farfield field --run runs/mnist --data mnist:DIR,pad=32 --anchors 1,3,5 --sigmas 1 --out runs/figure-13\n"
    "  farfield field --model runs/mnist --data mnist:DIR,pad=32 --anchors 5,16,25,split=test --out runs/figure-11\n"
    "  farfield field --model delta:moons,count=3 --data moons,count=3 --references gaussian,delta --out runs/figure-2\n";

struct FieldArguments {
  std::string model, run, data, sigmas, out, anchors = "0,1,2";
  std::string references = kFieldReferences;
  FieldOptions options;
};

// "3,17,42,split=test": places, then options that the anchors' SRC has beside those of --data.
struct ParsedAnchors {
  std::vector<int64_t> places;
  std::string options;
};
ParsedAnchors parse_anchors(const std::string& text) {
  ParsedAnchors parsed;
  for (const std::string& word : split(text, ',')) {
    const bool option = word.find('=') != std::string::npos;
    if (option) {
      parsed.options += "," + word;
    } else if (!parsed.options.empty()) {
      throw usage_error("--anchors: " + quote(word) + " behind an option; places come first: 3,17,42,split=test");
    } else {
      parsed.places.push_back(parse_int(word, "--anchors"));
    }
  }
  return parsed;
}

// A model that is opened already.
FieldRow row_of(Subject subject) {
  const std::string name = subject.name;
  return {name, [subject = std::move(subject)] { return subject; }};
}

FieldInputs open_field(const FieldArguments& arguments, const ParsedAnchors& anchors, const Context& context) {
  if (arguments.run.empty() == arguments.model.empty()) throw usage_error("field: name a --model or a training --run");
  FieldInputs inputs;
  inputs.data = open_data(arguments.data);
  inputs.anchors = anchors.options.empty() ? inputs.data : open_data(arguments.data + anchors.options);
  const ModelOptions options{context.device, context.precision, context.trust, inputs.data, 0, &world()};
  if (arguments.run.empty()) {
    inputs.of = arguments.model;
    inputs.rows.push_back(row_of(open_subject(arguments.model, options)));
  } else {
    inputs.of = arguments.run;
    for (const Snapshot& snapshot : snapshots_of_run(arguments.run)) {
      inputs.rows.push_back({snapshot.name, [options, snapshot] { return open_subject(snapshot.model, options); }});
    }
  }
  for (Subject& reference :
       open_references(split_references(arguments.references), inputs.data, options, 0, world()).subjects)
    inputs.rows.push_back(row_of(std::move(reference)));
  return inputs;
}

void run_field_command(const FieldArguments& arguments, const Context& context) {
  const Stopwatch clock;
  std::optional<RunFolder> folder;  // the root's
  do_on_root(world(), [&] { folder.emplace(output_request(context, "field", arguments.out)); });
  const ParsedAnchors anchors = parse_anchors(arguments.anchors);
  FieldOptions options = arguments.options;
  options.anchors = anchors.places;
  options.device = parse_device(context.device);
  if (!arguments.sigmas.empty()) options.sigmas = parse_sigmas(arguments.sigmas);
  const FieldRun run = run_field(open_field(arguments, anchors, context), std::move(options), world());
  do_on_root(world(), [&] {
    const RunCall call{context.command_line, context.device, context.precision, clock.seconds()};
    RunInfo info = record_of(context);
    const std::string model = arguments.run.empty() ? arguments.model : "";
    if (!model.empty()) {
      if (const auto file = model_file(model); !file.empty()) info.add_input("model", file);
    } else {
      for (const Snapshot& snapshot : snapshots_of_run(arguments.run)) info.add_input("model", snapshot.model);
    }
    print_answer(context, save_field(run, call, std::move(info), *folder), *folder);
  });
}

}  // namespace

void add_field_command(CLI::App& app, Context& context) {
  const auto arguments = std::make_shared<FieldArguments>();
  CLI::App* command = add_command(app, context, "field",
                                  "Score fields of a model and of scores that are known, in a plane through samples.",
                                  kFieldExamples, [arguments, &context] { run_field_command(*arguments, context); });
  CLI::Option* model = command->add_option("--model", arguments->model, model_option_help());
  command->add_option("--run", arguments->run, "a training run instead: a row a snapshot")->excludes(model);
  command->add_option("--data", arguments->data, "of references and anchors, SRC\n" + data_source_help())->required();
  command->add_option("--references", arguments->references, "as of farfield compare")->capture_default_str();
  command
      ->add_option("--anchors", arguments->anchors,
                   "three samples by their places, and options of the data they are of: 3,17,42,split=test")
      ->capture_default_str();
  command->add_option("--sigmas", arguments->sigmas,
                      "noise levels, 0.1,1,5 or LOW:HIGH:COUNT (default: 0.1,0.2,0.5,1,2,5)");
  command->add_option("--grid", arguments->options.grid, "points along a side")
      ->transform(whole_number(2, 1000))
      ->capture_default_str();
  command->add_option("--class", arguments->options.label, "the class that class-conditional models are asked for")
      ->transform(whole_number(0, limits::kMostClasses - 1));
  command->add_option("--batch", arguments->options.batch, "points at a time")
      ->transform(whole_number(1, limits::kMostBatch))
      ->capture_default_str();
  command->add_option("--out", arguments->out, "folder to make")->required();
  command->footer("KIND, fitted to SRC, or without it to --data:\n" + reference_help());
  add_compute_options(*command, context);
  add_trust_option(*command, context);
  add_output_options(*command, context);
  share_over_ranks(*command, context);
}

}  // namespace farfield::tools
