#include "tools/model_run.h"

#include "core/limits.h"
#include "core/text.h"
#include "models/guidance.h"
#include "models/registry/model_registry.h"
#include "models/registry/reference_registry.h"
#include "samplers/schedules/noise_levels.h"
#include "samplers/solvers/solver_registry.h"
#include "samplers/solvers/table_solver.h"
#include "tools/number_option.h"
#include "tools/schedule_options.h"

namespace farfield::tools {

std::string model_option_help() {
  return "network or reference file, run folder, or KIND:SRC[,option=value...] with KIND " +
         join(reference_names(), ", ") + " (farfield compare --help)";
}

void add_model_run_options(CLI::App& command, Context& context, ModelRun& run) {
  command.add_option("--model", run.model, model_option_help())->required();
  command.add_option("--out", run.out, "folder to make")->required();
  command.add_option("--solver", run.solver, "SOLVER[,option=value...], see the list below")->capture_default_str();
  CLI::Option* name = add_schedule_options(command, "--schedule", run.schedule);
  command.add_option("--sigmas", run.sigmas, "the levels themselves, falling: 80,10,1,0")->excludes(name);
  command.add_option("--class", run.label, "class of every sample; without it sample draws one for each seed")
      ->transform(whole_number(0, limits::kMostClasses - 1));
  command.add_option("--guidance", run.guidance, "classifier-free guidance: D_u + W (D_c - D_u); 1: none")
      ->transform(real_number(-limits::kHighestGuidance, limits::kHighestGuidance));
  command.add_option("--batch", run.batch, "samples at a time; does not change them")
      ->transform(whole_number(1, limits::kMostBatch))
      ->capture_default_str();
  command.footer("Solvers:\n" + solver_help());
  add_compute_options(command, context);
  add_trust_option(command, context);
  add_output_options(command, context);
}

std::shared_ptr<const Denoiser> open_model(const Context& context, const ModelRun& run) {
  std::shared_ptr<const Denoiser> model = farfield::open_model(run.model,
                                                               {context.device, context.precision, context.trust});
  return run.guidance ? make_guidance(model, *run.guidance) : model;
}

std::vector<double> levels_of(const ModelRun& run, const DenoiserInfo& model) {
  ScheduleRequest schedule = run.schedule;
  if (!run.sigmas.empty()) schedule.sigmas = parse_levels(run.sigmas);
  schedule = schedule_for(run.solver, std::move(schedule));
  if (names_model(schedule.schedule)) schedule.model_sha256 = model_sha256(run.model);
  return resolve_levels(schedule, model);
}

std::map<std::string, std::string> settings_of(const ModelRun& run) {
  std::map<std::string, std::string> settings = {
      {"model", run.model},
      {"solver", run.solver},
      {"solver_resolved", resolve_solver(run.solver)},
      {"schedule", run.sigmas.empty() ? schedule_for(run.solver, run.schedule).schedule : "list"}};
  if (run.guidance) settings["guidance"] = format_double(*run.guidance);
  return settings;
}

void add_inputs(RunInfo& info, const ModelRun& run) {
  if (const auto file = model_file(run.model); !file.empty()) info.add_input("model", file);
  if (const auto file = schedule_file(run.schedule); !file.empty()) info.add_input("schedule", file);
  if (const auto file = table_named(run.solver)) info.add_input("solver", *file);
}

}  // namespace farfield::tools
