#include "tools/path_options.h"

#include <nlohmann/json.hpp>

#include "core/comm.h"
#include "core/device.h"
#include "core/io/json.h"
#include "core/shards.h"
#include "core/text.h"
#include "models/registry/model_registry.h"
#include "tools/latents_file.h"
#include "tools/option_config.h"

namespace farfield::tools {

void add_path_options(CLI::App& command, Context& context, PathArguments& arguments, const std::string& counts) {
  add_model_run_options(command, context, arguments.run);
  command.add_option("--seeds", arguments.seeds, "trajectories, one a seed, such as 0-63");
  command.add_option("--latents", arguments.latents, "start from the latents of this file (farfield encode) instead");
  command.add_flag("--paper", arguments.paper, "the documents' counts unless others are given: " + counts);
  command
      .add_flag("--resume", arguments.resume, "go on with the finished batches that a stopped run of this call left")
      ->configurable(false);
}

SampleRequest path_request(const Context& context, const PathArguments& arguments, const DenoiserInfo& model,
                           const std::string& seeds) {
  SampleRequest request;
  request.levels = levels_of(arguments.run, model);
  request.label = arguments.run.label;
  request.batch = arguments.run.batch;
  request.device = parse_device(context.device);
  if (arguments.latents.empty()) {
    request.seeds = parse_seeds(arguments.seeds.empty() ? seeds : arguments.seeds);
  } else {
    start_from_file(arguments.latents, arguments.seeds, model, request);
  }
  return request;
}

PartStore part_store(const Context& context, const std::string& out, nlohmann::ordered_json key, bool resume) {
  const auto earlier = resume ? EarlierParts::kResume : context.force ? EarlierParts::kReplace : EarlierParts::kRefuse;
  PartStore parts;
  do_on_root(world(), [&] { parts = PartStore(out, dump_json(key), earlier); });
  return world().is_root() ? parts : PartStore::beside_root(out, dump_json(key));
}

PartStore part_store(const Context& context, const PathArguments& arguments, const std::string& also) {
  nlohmann::ordered_json key = parse_json(options_json(*context.command), "options");
  key["model_sha256"] = model_sha256(arguments.run.model);
  key["also"] = parse_json(also, "also");
  return part_store(context, arguments.run.out, std::move(key), arguments.resume);
}

}  // namespace farfield::tools
