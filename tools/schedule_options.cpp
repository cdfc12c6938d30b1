#include "tools/schedule_options.h"

#include <fmt/format.h>

#include "core/limits.h"
#include "core/text.h"
#include "samplers/schedules/schedule_registry.h"
#include "tools/number_option.h"

namespace farfield::tools {

CLI::Option* add_schedule_options(CLI::App& command, const std::string& name, ScheduleRequest& request) {
  CLI::Option* schedule = command.add_option(
      name, request.schedule,
      join(schedule_names(), ", ") +
          " (vp also vp,key=value), file:PATH with one level a line, or gits:FILE of farfield "
          "schedule search");
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
  command.add_option("--variant", request.variant, "table of ays: sd15, sdxl, svd [sd15]");
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
