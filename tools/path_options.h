#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "analysis/paths/part_store.h"
#include "samplers/sampler.h"
#include "tools/model_run.h"

namespace farfield::tools {

// Trajectories that a command measures: a model run by a solver from seeds or latents. What geometry, deviation, theory
// and their siblings have in common.
struct PathArguments {
  ModelRun run;
  std::string seeds, latents;  // seeds "": the command's own default
  bool paper = false;          // the counts of the documents
  bool resume = false;
};

// The options of a model run, --seeds --latents --paper --resume. `counts` says what --paper asks for, for --help. Set
// arguments.run.solver and .schedule to the command's own defaults before the call.
void add_path_options(CLI::App& command, Context& context, PathArguments& arguments, const std::string& counts);

// The request for `model`; `seeds` where the user named none.
SampleRequest path_request(const Context& context, const PathArguments& arguments, const DenoiserInfo& model,
                           const std::string& seeds);

// Where the finished parts of a run with --out are kept; `key` is all that decides the numbers. The root's first; the others
// find what it left.
PartStore part_store(const Context& context, const std::string& out, nlohmann::ordered_json key, bool resume);

// Where finished batches are kept. `also`: what else decides the numbers, such as fingerprints of data, as JSON.
PartStore part_store(const Context& context, const PathArguments& arguments, const std::string& also = "null");

}  // namespace farfield::tools
