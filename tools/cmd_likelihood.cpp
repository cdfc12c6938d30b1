#include <memory>
#include <optional>

#include <nlohmann/json.hpp>

#include "analysis/compare/references.h"
#include "analysis/likelihood/likelihood_output.h"
#include "core/comm.h"
#include "core/data/source.h"
#include "core/device.h"
#include "core/error.h"
#include "core/io/json.h"
#include "core/limits.h"
#include "core/shards.h"
#include "core/stopwatch.h"
#include "models/guidance.h"
#include "models/registry/model_registry.h"
#include "tools/number_option.h"
#include "tools/page_answer.h"
#include "tools/path_options.h"

namespace farfield::tools {
namespace {

constexpr const char* kLikelihoodExamples =
    "  farfield likelihood --model assets/glyphs.safetensors --data glyphs --out runs/likelihood\n"
    "  farfield likelihood --model runs/mnist --data mnist:DIR,pad=32 --against mnist:DIR,pad=32,split=test "
    "--out runs/mnist-bits\n"
    "  farfield likelihood --model mixture:moons,components=5 --data moons --trace exact --solver dopri5,rtol=1e-9,atol=1e-9 "
    "--out runs/m\n"
    "  mpirun -n 4 farfield likelihood --model net.safetensors --data cifar:DIR,split=test --count 1000 --trace "
    "hutchinson,probes=8 --dequantise uniform,draws=5 --resume --out runs/bits\n";

struct LikelihoodArguments {
  PathArguments paths;  // of which it has the model, guidance, the output and whether to resume
  std::string data, against, references = kLikelihoodReferences;
  LikelihoodRequest request;
  int64_t count = 64, batch = 64;
  uint64_t seed = 0;
};

LikelihoodInputs open_likelihood(const LikelihoodArguments& arguments, const Context& context) {
  const ModelRun& run = arguments.paths.run;
  LikelihoodInputs inputs;
  inputs.data = open_data(arguments.data);
  if (!arguments.against.empty()) inputs.against = open_data(arguments.against);
  const ModelOptions options{context.device, context.precision, context.trust, inputs.data, arguments.seed, &world()};
  inputs.model = open_subject(run.model, options);
  if (run.guidance) inputs.model.denoiser = make_guidance(inputs.model.denoiser, *run.guidance);
  inputs.model_text = run.model;
  return inputs;
}

// The fits, once everything that is quicker to refuse was looked at.
void open_likelihood_references(const LikelihoodArguments& arguments, const Context& context,
                                LikelihoodInputs& inputs) {
  const ModelOptions options{context.device, context.precision, context.trust, inputs.data, arguments.seed, &world()};
  References opened = open_references(split_references(arguments.references), inputs.data, options, arguments.seed,
                                      world());
  inputs.references = std::move(opened.subjects);
  inputs.moments = std::move(opened.gaussian);
}

void run_likelihood_command(const LikelihoodArguments& arguments, const Context& context) {
  const Stopwatch clock;
  const ModelRun& named = arguments.paths.run;
  std::optional<RunFolder> folder;  // the root's
  do_on_root(world(), [&] { folder.emplace(output_request(context, "likelihood", named.out)); });
  LikelihoodInputs inputs = open_likelihood(arguments, context);
  LikelihoodOptions options = read_likelihood_options(arguments.request, *inputs.model.denoiser, inputs.data->info());
  options.count = arguments.count;
  options.batch = arguments.batch;
  options.seed = arguments.seed;
  options.label = named.label;
  options.device = parse_device(context.device);
  check_likelihood(inputs, options);
  open_likelihood_references(arguments, context, inputs);
  const nlohmann::ordered_json also{{"data", inputs.data->info().fingerprint},
                                    {"against", inputs.against ? inputs.against->info().fingerprint : ""}};
  const PartStore parts = part_store(context, arguments.paths, dump_json(also));
  const LikelihoodRun run = run_likelihood(std::move(inputs), std::move(options), parts, world());
  do_on_root(world(), [&] {
    const RunCall call{context.command_line, context.device, context.precision, clock.seconds()};
    RunInfo info = record_of(context);
    if (const auto file = model_file(named.model); !file.empty()) info.add_input("model", file);
    const std::string headline = save_likelihood(run, call, std::move(info), *folder);
    parts.remove();
    print_answer(context, headline, *folder);
  });
}

}  // namespace

void add_likelihood_command(CLI::App& app, Context& context) {
  const auto arguments = std::make_shared<LikelihoodArguments>();
  CLI::App* command = add_command(
      app, context, "likelihood", "How likely a model finds data: log-likelihoods along the ODE, bits per dimension.",
      kLikelihoodExamples, [arguments, &context] { run_likelihood_command(*arguments, context); });
  ModelRun& run = arguments->paths.run;
  LikelihoodRequest& request = arguments->request;
  command->add_option("--model", run.model, model_option_help())->required();
  command
      ->add_option("--data", arguments->data,
                   "whose likelihood, and the moments of a prior, SRC\n" + data_source_help())
      ->required();
  command->add_option("--against", arguments->against, "other data beside them, such as a test set, SRC");
  command
      ->add_option("--references", arguments->references,
                   "densities in closed form, as of farfield compare; '' for none")
      ->capture_default_str();
  command
      ->add_option(
          "--trace", request.trace,
          "exact; hutchinson[,probes=4][,law=rademacher|gaussian]; hutch++[,probes=12]; auto: exact in closed form "
          "or of at most 16 numbers, else hutchinson")
      ->capture_default_str();
  command
      ->add_option("--solver", request.solver,
                   "dopri5[,rtol=1e-4][,atol=1e-4] in ln sigma, or euler, heun, rk4[,steps=32][,rho=7] in sigma")
      ->capture_default_str();
  command
      ->add_option("--dequantise", request.dequantise,
                   "of bytes u: uniform[,draws=1] (u + U(0,1); several draws are importance-weighted), "
                   "centred[,draws=1] (u + U(-1/2,1/2)), none; auto: uniform of bytes")
      ->capture_default_str();
  command
      ->add_option("--sigma-min", request.sigma_min,
                   "where data are taken to be (default: 0.002 or the model's lowest)")
      ->transform(real_number(0, limits::kHighestSigma));
  command->add_option("--sigma-max", request.sigma_max, "where the prior is (default: 80 or the model's highest)")
      ->transform(real_number(limits::kLowestSigma, limits::kHighestSigma));
  command->add_option("--count", arguments->count, "samples: the first so many of either data")
      ->transform(whole_number(1, limits::kMostProbes))
      ->capture_default_str();
  command->add_option("--seed", arguments->seed, "of probes and dequantisation")
      ->transform(whole_number(0, limits::kHighestSeed))
      ->capture_default_str();
  command->add_option("--class", run.label, "the class that a class-conditional model is asked for")
      ->transform(whole_number(0, limits::kMostClasses - 1));
  command->add_option("--guidance", run.guidance, "classifier-free guidance: the flow of D_u + W (D_c - D_u)")
      ->transform(real_number(-limits::kHighestGuidance, limits::kHighestGuidance));
  command->add_option("--batch", arguments->batch, "states evaluated at a time")
      ->transform(whole_number(1, limits::kMostBatch))
      ->capture_default_str();
  command->add_flag("--resume", arguments->paths.resume, "go on with what a stopped run of this call has finished")
      ->configurable(false);
  command->add_option("--out", run.out, "folder to make")->required();
  add_compute_options(*command, context);
  add_trust_option(*command, context);
  add_output_options(*command, context);
  share_over_ranks(*command, context);
}

}  // namespace farfield::tools
