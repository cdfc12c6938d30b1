#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/device.h"
#include "core/error.h"
#include "core/io/file.h"
#include "core/progress.h"
#include "core/text.h"
#include "models/model_registry.h"
#include "samplers/gits_file.h"
#include "samplers/gits_search.h"
#include "samplers/model_levels.h"
#include "samplers/solver_registry.h"
#include "tools/command.h"
#include "tools/schedule_options.h"

namespace farfield::tools {
namespace {

constexpr const char* kExamples =
    "  farfield schedule search --model assets/glyphs.safetensors --nfe 3-10 --out gits.json\n"
    "  farfield sample --model assets/glyphs.safetensors --solver ipndm4 --schedule gits:gits.json --steps 6 --out runs/six\n"
    "  farfield schedule search --model net.safetensors --nfe 4,6 --afs --student ipndm4 --out gits-afs.json\n";

struct SearchArguments {
  std::string model, nfe = "3-10", metric = "dev", teacher = "ipndm4", out;
  std::optional<std::string> seeds, student;
  std::optional<int64_t> points;
  int64_t warmup = 256, batch = 64;
  double gamma = 1.15;
  bool afs = false;
  ScheduleRequest grid;
};

std::vector<int64_t> parse_nfe(const std::string& text) {
  std::vector<int64_t> numbers = parse_seeds(text);
  std::sort(numbers.begin(), numbers.end());
  numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
  return numbers;
}

std::string seed_text(const SearchArguments& arguments) {
  if (arguments.warmup < 1) throw usage_error(fmt::format("--warmup is {}, expected at least 1", arguments.warmup));
  return arguments.seeds.value_or(fmt::format("0-{}", arguments.warmup - 1));
}

// The teacher's levels: --points of --grid, down to its sigma_min; or a file of them.
std::vector<double> grid_levels(const SearchArguments& arguments, const DenoiserInfo& model) {
  ScheduleRequest grid = arguments.grid;
  if (!schedule_file(grid).empty()) {
    if (arguments.points) throw usage_error("--points does not apply to a grid from a file; leave it out");
    return resolve_levels(grid, model);
  }
  const int64_t points = arguments.points.value_or(61);
  if (points < 3) throw usage_error(fmt::format("--points is {}, expected at least 3", points));
  grid.steps = points - 1;
  grid.final = "sigma_min";
  return resolve_levels(grid, model);
}

void check_before_work(const SearchArguments& arguments, const Context& context) {
  if (!context.force && std::filesystem::exists(arguments.out)) {
    throw usage_error(arguments.out + " exists: choose another --out, or --force to replace it");
  }
  if (arguments.student && !arguments.afs) {
    throw usage_error("--student applies to --afs only; leave it out");
  }
}

GitsFile file_of(const SearchArguments& arguments, const Context& context, const GitsRequest& request,
                 const GitsSearch& search) {
  GitsFile file;
  file.model = arguments.model;
  file.model_sha256 = model_sha256(arguments.model);
  file.teacher = resolve_solver(arguments.teacher);
  file.grid = arguments.grid.schedule;
  file.metric = to_string(request.metric);
  file.student = request.afs_student != nullptr ? resolve_solver(arguments.student.value_or("ipndm4")) : "";
  file.seeds = seed_text(arguments);
  file.precision = to_string(parse_precision(context.precision, request.device));
  file.gamma = request.gamma;
  file.levels = request.levels;
  file.schedules = search.schedules;
  const auto costs = search.costs.accessor<double, 2>();
  const int64_t points = costs.size(0);
  for (int64_t i = 0; i + 1 < points; ++i) {
    file.costs.emplace_back();
    for (int64_t j = i + 1; j < points; ++j) file.costs.back().push_back(costs[i][j]);
  }
  return file;
}

void report(const SearchArguments& arguments, const Context& context, const GitsFile& file, int64_t teacher_nfe) {
  if (context.json) {
    nlohmann::ordered_json schedules = nlohmann::ordered_json::array();
    for (const GitsSchedule& schedule : file.schedules) {
      schedules.push_back({{"nfe", schedule.nfe}, {"steps", schedule.levels.size() - 1}, {"levels", schedule.levels}});
    }
    fmt::print("{}\n", nlohmann::ordered_json{{"out", arguments.out}, {"teacher_nfe", teacher_nfe}, {"schedules", schedules}}.dump());
    return;
  }
  fmt::print("nfe  steps  levels\n");
  for (const GitsSchedule& schedule : file.schedules) {
    std::vector<std::string> levels;
    for (const double level : schedule.levels) levels.push_back(fmt::format("{:.4g}", level));
    fmt::print("{:>3}  {:>5}  {}\n", schedule.nfe, schedule.levels.size() - 1, join(levels, " "));
  }
  fmt::print("{}\n", arguments.out);
}

void run_search(const SearchArguments& arguments, const Context& context) {
  check_before_work(arguments, context);
  const auto teacher = make_solver(arguments.teacher);
  const auto student = arguments.afs ? make_solver(arguments.student.value_or("ipndm4")) : nullptr;
  GitsRequest request;
  request.seeds = parse_seeds(seed_text(arguments));
  request.nfe = parse_nfe(arguments.nfe);
  request.metric = parse_gits_metric(arguments.metric);
  request.gamma = arguments.gamma;
  request.afs_student = student.get();
  request.batch = arguments.batch;
  request.device = parse_device(context.device);
  const auto model = open_model(arguments.model, {context.device, context.precision, context.trust});
  request.levels = grid_levels(arguments, model->info());
  std::optional<Progress> progress;
  request.on_phase = [&](const std::string& phase, int64_t total) { progress.emplace(phase, total, "evaluations"); };
  request.on_evaluation = [&](int64_t samples) { progress->advance(samples); };
  const GitsSearch search = gits_search(*model, *teacher, request);
  progress.reset();
  const GitsFile file = file_of(arguments, context, request, search);
  write_file_atomically(arguments.out, serialize_gits(file));
  report(arguments, context, file, search.teacher_nfe);
}

}  // namespace

void add_schedule_search_command(CLI::App& schedule, Context& context) {
  const auto arguments = std::make_shared<SearchArguments>();
  CLI::App* command = add_command(
      schedule, context, "search",
      "Finds the levels at which few steps follow a fine teacher best (GITS, Chen et al. 2024).", kExamples,
      [arguments, &context] { run_search(*arguments, context); });
  command->add_option("--model", arguments->model, "network, reference file, run folder or delta:SRC")->required();
  command->add_option("--nfe", arguments->nfe, "evaluations of the schedules wanted, at one a step: 3-10 or 4,6")
      ->capture_default_str();
  command->add_option("--out", arguments->out, "the file to write (.json)")->required();
  command->add_option("--metric", arguments->metric, "of a jump's error: " + join(gits_metric_names(), ", "))
      ->capture_default_str();
  command->add_option("--gamma", arguments->gamma, "weight of a step over the one before it")->capture_default_str();
  command->add_option("--teacher", arguments->teacher, "SOLVER[,option=value...] over the whole grid")
      ->capture_default_str();
  command->add_option("--points", arguments->points, "levels of the teacher's grid [61]");
  command->add_option("--grid", arguments->grid.schedule, "schedule of the teacher's grid, or file:PATH")
      ->capture_default_str();
  add_range_options(*command, arguments->grid);
  CLI::Option* warmup = command->add_option("--warmup", arguments->warmup, "teacher trajectories, of seeds 0, 1, ...");
  warmup->capture_default_str();
  command->add_option("--seeds", arguments->seeds, "their seeds one by one: 0-63 or 1,5,10-20")->excludes(warmup);
  command->add_flag("--afs", arguments->afs, "one level more, for sample --afs: its first step is free");
  command->add_option("--student", arguments->student, "with --afs: the solver that will use it [ipndm4]");
  command->add_option("--batch", arguments->batch, "trajectories at a time")->capture_default_str();
  add_compute_options(*command, context);
  add_trust_option(*command, context);
  add_output_options(*command, context);
}

}  // namespace farfield::tools
