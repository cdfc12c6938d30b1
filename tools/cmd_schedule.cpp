#include <memory>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/io/json.h"
#include "core/text.h"
#include "models/registry/model_registry.h"
#include "samplers/model_levels.h"
#include "samplers/schedules/step_weights.h"
#include "tools/command.h"
#include "tools/level_plot.h"
#include "tools/schedule_options.h"

namespace farfield::tools {
namespace {

constexpr const char* kScheduleExamples =
    "  farfield schedule --name polynomial --steps 10 --plot\n"
    "  farfield schedule --name logsnr --steps 10 --weights\n"
    "  farfield schedule --name vp_uniform --rho 2 --steps 6 --final sigma_min > levels.txt\n"
    "  farfield sample --model net.safetensors --schedule file:levels.txt --out runs/levels\n"
    "  farfield schedule search --model net.safetensors --nfe 3-10 --out gits.json\n"
    "  farfield schedule ablate --model net.safetensors --vary gamma=1.05,1.15 --out runs/gamma\n";

struct ListArguments {
  ScheduleRequest schedule;
  std::string model;
  bool weights = false, plot = false, json = false;
};

// Without --model: any noise level will do.
std::vector<double> levels_of(const ListArguments& arguments) {
  if (arguments.model.empty()) return resolve_levels(arguments.schedule, {.name = "any model", .sample_shape = {1}});
  return resolve_levels(arguments.schedule, farfield::open_model(arguments.model, {.device = "cpu"})->info());
}

void list_weights(const ListArguments& arguments, const std::vector<double>& levels) {
  const Table table = weight_table(levels);
  fmt::print("{}", arguments.json ? table.json() + "\n" : table.csv());
  if (arguments.plot) fmt::print("{}", weight_plot(step_weights(levels)));
}

void list_levels(const ListArguments& arguments) {
  const std::vector<double> levels = levels_of(arguments);
  if (arguments.weights) return list_weights(arguments, levels);
  if (arguments.json) {
    fmt::print("{}\n", dump_json(nlohmann::json(levels)));
    return;
  }
  for (const double level : levels) fmt::print("{}\n", format_double(level));
  if (arguments.plot) fmt::print("{}", level_plot(levels));
}

void refuse_before_search(const std::string& option) {
  throw usage_error(option +
                    " before the word search or ablate lists levels and does not apply to a search; leave it out");
}

}  // namespace

void add_schedule_command(CLI::App& app, Context& context) {
  const auto arguments = std::make_shared<ListArguments>();
  CLI::App* command = add_command(app, context, "schedule",
                                  "Lists the noise levels of a schedule, one a line, or searches for one.",
                                  kScheduleExamples, [arguments] { list_levels(*arguments); });
  command->callback([command, arguments, &context] {
    if (command->get_subcommands().empty()) {
      context.run = [arguments] { list_levels(*arguments); };
      return;
    }
    for (const CLI::Option* option : command->get_options()) {
      if (option->count() > 0) context.run = [name = option->get_name()] { refuse_before_search(name); };
    }
  });
  add_schedule_options(*command, "--name", arguments->schedule);
  command->add_option("--model", arguments->model, "draw the default range in to this MODEL's");
  command->add_flag(
      "--weights", arguments->weights,
      "a table of steps instead, as CSV: sigma, weight, the part w of Euler's step x' = (1 - w) x + w D that "
      "is D, and log_step, -(ln sigma' - ln sigma)");
  CLI::Option* plot = command->add_flag("--plot", arguments->plot, "a picture below the levels, in comment lines");
  command->add_flag("--json", arguments->json, "the levels as a JSON list")->excludes(plot);
  command->footer(schedule_help());
  add_schedule_search_command(*command, context);
  add_schedule_ablate_command(*command, context);
}

}  // namespace farfield::tools
