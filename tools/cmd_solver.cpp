#include <filesystem>
#include <memory>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "analysis/few_steps/fit_output.h"
#include "core/device.h"
#include "core/error.h"
#include "core/io/file.h"
#include "core/io/json.h"
#include "core/limits.h"
#include "core/run/run_folder.h"
#include "core/stopwatch.h"
#include "core/text.h"
#include "models/registry/model_registry.h"
#include "samplers/solvers/solver_registry.h"
#include "samplers/solvers/table_file.h"
#include "samplers/table_of_solver.h"
#include "tools/model_run.h"
#include "tools/number_option.h"
#include "tools/page_answer.h"
#include "tools/path_options.h"
#include "tools/print.h"
#include "tools/schedule_options.h"
#include "train/solvers/fit_solver.h"

namespace farfield::tools {
namespace {

constexpr const char* kSolverFitExamples =
    "  farfield solver fit --method epd --model assets/glyphs.safetensors --nfe 6 --out runs/epd\n"
    "  farfield sample --model assets/glyphs.safetensors --solver table:runs/epd/table-6.json --out runs/six\n"
    "  farfield solver fit --method ld3 --model net.safetensors --nfe 4-8 --ends runs/epd --out runs/ld3\n"
    "  farfield study --model net.safetensors --solvers all --solvers table:runs/ld3/table-6.json --nfe 6 --out runs/rank\n";

constexpr const char* kSolverTableExamples =
    "  farfield solver table --solver ipndm4 --schedule gits:gits.json --steps 6 --model net.safetensors --out gits-6.json\n"
    "  farfield solver table --solver dpmpp_2m --schedule ays --steps 10 --out ays.json\n";

struct FitCallArguments {
  std::string model, out;
  SolverFitOptions options;
  bool resume = false;
};

struct TableArguments {
  std::string model, solver = "ipndm4", out;
  ScheduleRequest schedule;
  bool afs = false;
};

void run_fit_command(const FitCallArguments& arguments, const Context& context) {
  const Stopwatch clock;
  SolverFitOptions options = arguments.options.resolved();
  options.device = parse_device(context.device);
  RunFolder folder(output_request(context, "solver fit", arguments.out));
  RunInfo info = record_of(context);
  const ModelOptions how = {context.device, context.precision == "auto" ? "fp32" : context.precision, context.trust};
  const auto model = farfield::open_model(arguments.model, how);
  const RecordedModel recorded{*model, arguments.model, model_sha256(arguments.model), precision_of(*model, how)};
  if (names_model(options.schedule.schedule)) options.schedule.model_sha256 = recorded.sha256;
  const auto key = parse_json(fit_key(recorded, options), "fit");
  const PartStore parts = part_store(context, arguments.out, key, arguments.resume);
  const SolverFitRun run = run_solver_fit(recorded, options, fit_solver, parts);
  if (const auto file = model_file(arguments.model); !file.empty()) info.add_input("model", file);
  if (const auto file = schedule_file(options.schedule); !file.empty()) info.add_input("schedule", file);
  if (!options.ends.empty()) info.add_input("teacher", options.ends / "teacher.npz");
  const RunCall call{context.command_line, context.device, context.precision, clock.seconds()};
  const std::string headline = save_solver_fit(run, call, std::move(info), folder);
  parts.remove();
  print_answer(context, headline, folder);
}

void write_solver_table(const TableArguments& arguments, const Context& context) {
  require_replaceable_file(arguments.out, context.force, "a solver table", is_table_file, input_paths(context));
  const auto solver = make_solver(arguments.solver);
  ScheduleRequest schedule = schedule_for(arguments.solver, arguments.schedule);
  DenoiserInfo any{.name = "any model", .sample_shape = {1}};
  TableFile file;
  file.method = resolve_solver(arguments.solver) + " over " + schedule.schedule;
  if (!arguments.model.empty()) {
    any = farfield::open_model(arguments.model, {.device = "cpu"})->info();
    file.model = arguments.model;
    file.model_sha256 = schedule.model_sha256 = model_sha256(arguments.model);
  }
  file.table = table_of_solver(*solver, resolve_levels(schedule, any), arguments.afs);
  write_file_atomically(arguments.out, serialize_table(file));
  const TableCounts counts = table_counts(file.table);
  if (context.json) {
    fmt::print("{}\n", dump_json(nlohmann::ordered_json{{"out", arguments.out},
                                                        {"steps", file.table.steps.size()},
                                                        {"evaluations", counts.evaluations},
                                                        {"depth", counts.depth}}));
    return;
  }
  print_line(fmt::format("{}: {} steps, {} evaluations, {} of them one after the other", arguments.out,
                         file.table.steps.size(), counts.evaluations, counts.depth));
}

void add_learning_options(CLI::App& command, FitSettings& settings) {
  command.add_option("--method", settings.method, join(fit_methods(), ", "))->required();
  command.add_option(
      "--solver", settings.solver,
      "ld3, s4s: whose levels are learned, ipndm1 ... ipndm4, dpmpp_2m [ipndm3]; amed: the plug-in, amed, dpm, "
      "euler, ipndm, dpmpp [amed]");
  command.add_option("--points", settings.points, "epd: midpoints a step, evaluated in parallel")
      ->transform(whole_number(1, 8))
      ->capture_default_str();
  command.add_flag("--afs", settings.afs, "the first value is analytical, without an evaluation");
  command.add_option("--scale-direction", settings.direction, "epd, amed: half the width of the scales of directions")
      ->transform(real_number(0, 0.5));
  command.add_option("--scale-time", settings.time, "epd, amed: half the width of the scales of levels shown")
      ->transform(real_number(0, 0.5));
  command.add_option("--iterations", settings.iterations, "updates [epd, amed 200, ld3, s4s 100]")
      ->transform(whole_number(1, 100'000));
  command.add_option("--batch", settings.batch, "trajectories an update and at a time")
      ->transform(whole_number(1, limits::kMostBatch))
      ->capture_default_str();
  command.add_option("--rate", settings.rate, "of the first update [the method's]")->transform(real_number(1e-6, 10));
}

void add_fit_call(CLI::App& solver, Context& context) {
  const auto arguments = std::make_shared<FitCallArguments>();
  SolverFitOptions& options = arguments->options;
  CLI::App* command = add_command(solver, context, "fit",
                                  "Learns a solver of few steps from the ends of a teacher's trajectories.",
                                  kSolverFitExamples, [arguments, &context] { run_fit_command(*arguments, context); });
  command->add_option("--model", arguments->model, model_option_help())->required();
  command->add_option("--out", arguments->out, "folder to make")->required();
  add_learning_options(*command, options.settings);
  command->add_option("--nfe", options.nfe, "evaluations, a table each: 6 or 4,6,8")->capture_default_str();
  add_schedule_options(*command, "--schedule", options.schedule);
  command->add_option("--class", options.label, "class of every trajectory; without it each seed draws one")
      ->transform(whole_number(0, limits::kMostClasses - 1));
  command->add_option("--seeds", options.seeds, "trajectories to learn from")->capture_default_str();
  command->add_option("--held-out", options.held_out, "trajectories that choose the best table and measure it")
      ->capture_default_str();
  command->add_option("--teacher", options.teacher.solver, "SOLVER[,option=value...]")->capture_default_str();
  command->add_option("--teacher-steps", options.teacher.steps, "of the polynomial schedule")
      ->transform(whole_number(2, limits::kMostSteps))
      ->capture_default_str();
  command->add_option("--ends", options.ends, "folder of an earlier fit, whose teacher's trajectories are taken");
  command->add_flag("--resume", arguments->resume, "go on with what a stopped run of this call has finished")
      ->configurable(false);
  add_compute_options(*command, context);
  add_trust_option(*command, context);
  add_output_options(*command, context);
}

void add_table_call(CLI::App& solver, Context& context) {
  const auto arguments = std::make_shared<TableArguments>();
  CLI::App* command = add_command(solver, context, "table", "Writes a known solver over a schedule as a table.",
                                  kSolverTableExamples,
                                  [arguments, &context] { write_solver_table(*arguments, context); });
  command->add_option("--solver", arguments->solver, "SOLVER[,option=value...]")->capture_default_str();
  command->add_option("--model", arguments->model,
                      "the table is for this MODEL alone; draws the default range in to its");
  command->add_option("--out", arguments->out, "the file to write (.json)")->required();
  add_schedule_options(*command, "--schedule", arguments->schedule);
  command->add_flag("--afs", arguments->afs, "the first value is analytical, without an evaluation");
  add_threads_option(*command, context);
  add_output_options(*command, context);
}

}  // namespace

void add_solver_command(CLI::App& app, Context& context) {
  CLI::App* solver = app.add_subcommand("solver",
                                        "Learns solvers of few steps, and writes known ones as tables.\n\nExamples:\n" +
                                            std::string(kSolverFitExamples) + kSolverTableExamples);
  solver->require_subcommand(1);
  add_fit_call(*solver, context);
  add_table_call(*solver, context);
}

}  // namespace farfield::tools
