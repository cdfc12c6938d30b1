#include "tools/schedule_options.h"

#include <fmt/format.h>

#include "core/limits.h"
#include "core/text.h"
#include "samplers/schedules/gits_metric.h"
#include "samplers/schedules/schedule_registry.h"
#include "tools/number_option.h"

namespace farfield::tools {

CLI::Option* add_schedule_options(CLI::App& command, const std::string& name, ScheduleRequest& request) {
  CLI::Option* schedule = command.add_option(
      name, request.schedule,
      join(schedule_names(), ", ") +
          " (vp also vp,key=value), file:PATH with one level a line, gits:FILE of farfield "
          "schedule search, or table:FILE of a solver table");
  schedule->capture_default_str();
  command.add_option("--steps", request.steps, "intervals N between N + 1 noise levels [18]")
      ->transform(whole_number(1, limits::kMostSteps));
  add_range_options(command, request);
  command.add_option("--final", request.final, "zero: the last interval ends at 0; sigma_min: it ends there [zero]");
  return schedule;
}

void add_range_options(CLI::App& command, ScheduleRequest& request) {
  command.add_option("--sigma-min", request.sigma_min, "last level above 0 [the schedule's, or the model's]")
      ->transform(real_number(0, limits::kHighestSigma));
  command.add_option("--sigma-max", request.sigma_max, "first level [the schedule's, or the model's]")
      ->transform(real_number(limits::kLowestSigma, limits::kHighestSigma));
  command.add_option("--rho", request.rho, "exponent of the schedules that have one [polynomial 7, others 1]")
      ->transform(real_number(0.01, 100));
  command.add_option("--variant", request.variant, "table of ays: sd15, sdxl, svd, sd15_timesteps [sd15]");
}

CLI::Option* add_search_options(CLI::App& command, SearchOptions& options) {
  command.add_option("--nfe", options.nfe, "evaluations of the schedules wanted, at one a step: 3-10 or 4,6")
      ->capture_default_str();
  command.add_option("--metric", options.metric, "of a jump's error: " + join(gits_metric_names(), ", "))
      ->capture_default_str();
  command.add_option("--gamma", options.gamma, "weight of a step over the one before it")
      ->transform(real_number(0.01, limits::kHighestGamma))
      ->capture_default_str();
  command
      .add_option(
          "--gamma-form", options.gamma_form,
          "computed: gamma^m on step m, as the public code; printed: gamma on all steps but the last, as algorithm 1")
      ->capture_default_str();
  command.add_option("--teacher", options.teacher, "SOLVER[,option=value...] over the whole grid")
      ->capture_default_str();
  command.add_option("--points", options.points, "levels of the teacher's grid [61]")
      ->transform(whole_number(3, limits::kMostGridPoints));
  command.add_option("--grid", options.grid.schedule, "schedule of the teacher's grid, or file:PATH")
      ->capture_default_str();
  add_range_options(command, options.grid);
  command.add_option("--student", options.student, "solver that will use the schedules [ipndm4]");
  command.add_option("--batch", options.batch, "trajectories at a time")
      ->transform(whole_number(1, limits::kMostBatch))
      ->capture_default_str();
  return command.add_option("--warmup", options.warmup, "teacher trajectories, of seeds 0, 1, ...")
      ->transform(whole_number(1, limits::kMostSeeds))
      ->capture_default_str();
}

std::string schedule_help() {
  std::string text = "Schedules:";
  for (const auto& entry : schedule_table()) {
    const std::string range = entry.takes_range ? fmt::format("{:.4g} to {:.4g}", entry.sigma_max, entry.sigma_min)
                                                : "";
    text += fmt::format("\n  {:<16}{:<18}{}", entry.name, range, entry.summary);
    if (entry.takes_rho) text += fmt::format("; rho [{}]", entry.rho);
    std::vector<std::string> constants;
    for (const auto& constant : entry.constants)
      constants.push_back(fmt::format("{}= [{}]", constant.key, constant.value));
    if (!constants.empty()) text += "; takes " + join(constants, ",");
    if (!entry.variants.empty()) text += "; variants " + join(entry.variants, ", ");
  }
  return text;
}

}  // namespace farfield::tools
