#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/run/run_info.h"
#include "samplers/model_levels.h"
#include "tools/command.h"

namespace farfield::tools {

// A model run by a solver over noise levels: the part that sample, encode and interpolate have in common.
struct ModelRun {
  std::string model, solver = "heun", sigmas, out;
  ScheduleRequest schedule = {};
  std::optional<double> guidance = {};
  std::optional<int64_t> label = {};
  int64_t batch = 64;
};

// What --model takes, for --help.
std::string model_option_help();

// --model --out --solver, those of the schedule, --sigmas --class --guidance --batch, and what every command takes.
void add_model_run_options(CLI::App& command, Context& context, ModelRun& run);

// The model, guided if asked for.
std::shared_ptr<const Denoiser> open_model(const Context& context, const ModelRun& run);
std::vector<double> levels_of(const ModelRun& run, const DenoiserInfo& model);

// What run.json and a PNG's text say about it.
std::map<std::string, std::string> settings_of(const ModelRun& run);
void add_inputs(RunInfo& info, const ModelRun& run);

}  // namespace farfield::tools
