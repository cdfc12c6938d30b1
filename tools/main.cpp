// farfield: one binary, one file per subcommand. This file holds what they share: the option parser, the exit codes and
// the one place where errors are caught.
#include <algorithm>
#include <cstdio>
#include <optional>
#include <sstream>

#include "core/comm.h"
#include "core/device.h"
#include "core/error.h"
#include "core/interrupts.h"
#include "core/log.h"
#include "core/long_call.h"
#include "core/memory.h"
#include "core/printable.h"
#include "core/progress_bar.h"
#include "core/run/run_info.h"
#include "core/text.h"
#include "tools/command.h"
#include "tools/failure.h"
#include "tools/option_config.h"
#include "tools/standard_streams.h"
#include "tools/sudden_ends.h"

namespace farfield::tools {
namespace {

constexpr const char* kDescription =
    "farfield trains small EDM diffusion models, samples from them, and compares what they learned with scores that "
    "are known exactly.\n\n"
    "Examples:\n"
    "  farfield sample --model assets/glyphs.safetensors --seeds 0-63 --out runs/glyphs\n"
    "  farfield compare --model assets/glyphs.safetensors --data glyphs --out runs/compare\n"
    "  farfield train --config configs/train/glyphs.yaml --out runs/train\n";

constexpr const char* kFooter =
    "Exit codes: 0 ok, 1 bug, 2 usage or config, 3 bad input file, 4 numeric failure, 5 input/output, 6 out of memory, "
    "7 interrupted with state saved, 8 trust refused.";

// Lists each subcommand by the first line of its description; the examples below it belong to its own --help.
class BriefFormatter : public CLI::Formatter {
 public:
  std::string make_subcommand(const CLI::App* command) const override {
    const std::string description = command->get_description();
    std::stringstream text;
    CLI::detail::format_help(text, command->get_name(), description.substr(0, description.find('\n')), column_width_);
    return text.str();
  }
};

// The long option names and subcommands of the command that was named deepest on the line.
void collect_names(const CLI::App& app, std::vector<std::string>& options, std::vector<std::string>& commands) {
  for (const auto* option : app.get_options()) {
    for (const auto& name : option->get_lnames()) options.push_back("--" + name);
  }
  for (const auto* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    commands.push_back(command->get_name());
  }
}

// One line about a line that did not parse; an unknown name gets its nearest known one.
std::string explain(const CLI::App& root, const std::vector<std::string>& words, const CLI::ParseError& problem) {
  const CLI::App* app = &root;
  std::string name = "farfield";
  std::vector<std::string> options, commands;
  for (;;) {
    options.clear();
    commands.clear();
    collect_names(*app, options, commands);
    const auto parsed = app->get_subcommands();
    if (parsed.empty()) break;
    app = parsed.front();
    name += " " + app->get_name();
  }
  const std::vector<std::string> stray = app->remaining();
  if (!commands.empty() && !stray.empty() && stray.front()[0] != '-') {
    return unknown_name("command", stray.front(), commands);
  }
  for (const auto& word : words) {
    const std::string option = word.substr(0, word.find('='));
    const bool is_option = option.size() > 2 && option.starts_with("--");
    if (is_option && std::find(options.begin(), options.end(), option) == options.end()) {
      return unknown_name("option", option, options);
    }
  }
  if (app->get_require_subcommand_min() > 0) {
    return fmt::format("name one of: {} ({} --help)", join(commands, ", "), name);
  }
  return fmt::format("{} ({} --help)", problem.what(), name);
}

int report(const Failure& failure) {
  log::error(failure.message);
  return static_cast<int>(failure.code);
}

const CLI::App* named_command(const CLI::App& app) {
  const auto parsed = app.get_subcommands();
  return parsed.empty() ? &app : named_command(*parsed.front());
}

// What went wrong, if anything did.
std::optional<Failure> run(const Context& context) {
  try {
    if (world().size() > 1 && !context.over_ranks) {
      throw usage_error(fmt::format(
          "this command runs as one process, but {} were started together; leave mpirun or srun out", world().size()));
    }
    ProgressBar bar;
    std::optional<ProgressScope> shown;
    if (context.quiet || !world().is_root()) {
      log::set_level(log::Level::kError);
    } else {
      shown.emplace(bar);
    }
    set_threads(context.threads);
    context.run();
    return std::nullopt;
  } catch (const std::exception& error) {
    Failure failure = failure_of(error);
    if (failure.code == ExitCode::kUsage) failure.message = with_places(failure.message, context);
    return failure;
  }
}

std::optional<Failure> parse(CLI::App& app, Context& context, int argc, char** argv) {
  try {
    app.parse(argc, argv);
    context.command = named_command(app);
    return std::nullopt;
  } catch (const CLI::Success& request) {  // --help, --version
    return Failure{static_cast<ExitCode>(app.exit(request)), ""};
  } catch (const CLI::ParseError& problem) {
    return Failure{ExitCode::kUsage, with_places(explain(app, {argv + 1, argv + argc}, problem), context)};
  } catch (const std::exception& error) {  // of --config
    return failure_of(error);
  }
}

// Every rank fails alike, with the root's word for all, or the one that fails alone says so and ends the others.
int leave(const std::optional<Failure>& failure) {
  constexpr double kPatience = 2, kUnlimited = 0;
  end_is_ours();
  if (!failure || failure->message.empty()) {
    const int code = flush_results(failure ? static_cast<int>(failure->code) : 0);
    leave_world(kUnlimited);
    return code;
  }
  const Comm& group = world();
  const int rank = group.rank(), code = static_cast<int>(failure->code);
  if (group.is_root()) report(*failure);
  if (leave_world(kPatience)) return code;
  if (rank != 0) report({failure->code, fmt::format("rank {}: {}", rank, failure->message)});
  end_world(code);
}

int main(int argc, char** argv) {
  guard_standard_streams();
  keep_freed_memory();
  install_interrupt_handlers();
  try {
    join_world();
  } catch (const Error& error) {
    return report({error.code(), error.what()});
  }
  catch_sudden_ends();  // now: MPI has handlers and ends of its own
  if (!world().is_root() && std::freopen("/dev/null", "w", stdout) == nullptr) return static_cast<int>(ExitCode::kIo);
  Context context;
  context.command_line.assign(argv, argv + argc);

  CLI::App app(kDescription, "farfield");
  app.footer(kFooter);
  app.formatter(std::make_shared<BriefFormatter>());
  app.set_version_flag("--version", version_line);
  app.require_subcommand(1);
  add_train_command(app, context);
  add_report_command(app, context);
  add_ema_command(app, context);
  add_sample_command(app, context);
  add_encode_command(app, context);
  add_interpolate_command(app, context);
  add_restore_command(app, context);
  add_schedule_command(app, context);
  add_study_command(app, context);
  add_solver_command(app, context);
  add_compare_command(app, context);
  add_sweep_command(app, context);
  add_dynamics_command(app, context);
  add_field_command(app, context);
  add_geometry_command(app, context);
  add_deviation_command(app, context);
  add_features_command(app, context);
  add_similarity_command(app, context);
  add_quality_command(app, context);
  add_likelihood_command(app, context);
  add_neighbours_command(app, context);
  add_modes_command(app, context);
  add_jump_command(app, context);
  add_calibrate_command(app, context);
  add_theory_command(app, context);
  add_symmetry_command(app, context);
  add_smoothing_command(app, context);
  add_fit_command(app, context);
  add_data_command(app, context);
  add_inspect_command(app, context);
  add_doctor_command(app, context);

  const auto stopped = parse(app, context, argc, argv);
  const int code = leave(stopped ? stopped : run(context));
  if (call_left_running()) _exit(code);
  return code;
}

}  // namespace
}  // namespace farfield::tools

int main(int argc, char** argv) { return farfield::tools::main(argc, argv); }
