#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "analysis/study/gits_report.h"
#include "core/device.h"
#include "core/error.h"
#include "core/io/file.h"
#include "core/io/json.h"
#include "core/limits.h"
#include "core/progress.h"
#include "core/run/run_folder.h"
#include "core/run/run_info.h"
#include "core/text.h"
#include "models/registry/model_registry.h"
#include "samplers/gits/gits_search.h"
#include "samplers/model_levels.h"
#include "samplers/schedules/gits_file.h"
#include "samplers/solvers/solver_registry.h"
#include "tools/command.h"
#include "tools/number_option.h"
#include "tools/print.h"
#include "tools/schedule_options.h"

namespace farfield::tools {
namespace {

constexpr const char* kScheduleSearchExamples =
    "  farfield schedule search --model assets/glyphs.safetensors --nfe 3-10 --out gits.json\n"
    "  farfield sample --model assets/glyphs.safetensors --solver ipndm4 --schedule gits:gits.json --steps 6 --out runs/six\n"
    "  farfield schedule search --model net.safetensors --nfe 3-10 --out gits.json --report runs/gits\n"
    "  farfield schedule search --model net.safetensors --nfe 4,6 --afs --student ipndm4 --out gits-afs.json\n";

struct SearchArguments {
  std::string model, nfe = "3-10", metric = "dev", teacher = "ipndm4", out, report;
  std::optional<std::string> seeds, student;
  std::optional<int64_t> points;
  int64_t warmup = 256, batch = 64;
  double gamma = 1.15;
  bool afs = false;
  ScheduleRequest grid;
};

std::string seed_text(const SearchArguments& arguments) {
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
  grid.steps = points - 1;
  grid.final = "sigma_min";
  return resolve_levels(grid, model);
}

std::string student_text(const SearchArguments& arguments) { return arguments.student.value_or("ipndm4"); }

bool is_search_result(const std::filesystem::path& file) {
  try {
    return !read_gits(file).levels.empty();
  } catch (const Error&) {
    return false;
  }
}

// Neither the file nor the folder can hold the other.
void require_apart(const std::filesystem::path& out, const std::filesystem::path& report) {
  const auto file = std::filesystem::weakly_canonical(out), folder = std::filesystem::weakly_canonical(report);
  const auto lies_in = [](const std::filesystem::path& part, const std::filesystem::path& whole) {
    return std::mismatch(whole.begin(), whole.end(), part.begin(), part.end()).first == whole.end();
  };
  if (!lies_in(file, folder) && !lies_in(folder, file)) return;
  throw usage_error(fmt::format("--report {}: lies in --out {}, or the other way round; name another --report",
                                report.string(), out.string()));
}

void check_before_work(const SearchArguments& arguments, const Context& context) {
  require_replaceable_file(arguments.out, context.force, "a result of farfield schedule search", is_search_result,
                           input_paths(context));
  if (!arguments.report.empty()) require_apart(arguments.out, arguments.report);
  if (arguments.student && !arguments.afs && arguments.report.empty()) {
    throw usage_error("--student applies to --afs and --report only; leave it out");
  }
}

GitsFile file_of(const SearchArguments& arguments, const GitsRequest& request, const GitsSearch& search,
                 const std::string& precision) {
  GitsFile file;
  file.model = arguments.model;
  file.model_sha256 = model_sha256(arguments.model);
  file.teacher = resolve_solver(arguments.teacher);
  file.grid = arguments.grid.schedule;
  file.metric = to_string(request.metric);
  file.student = request.afs_student != nullptr ? resolve_solver(student_text(arguments)) : "";
  file.seeds = seed_text(arguments);
  file.precision = precision;
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

GitsStory tell(const SearchArguments& arguments, const Context& context, const GitsFile& file, const GitsSearch& search,
               std::vector<StudentError> errors) {
  const Facts settings = {{"model", file.model + " (SHA-256 " + file.model_sha256 + ")"},
                          {"teacher", fmt::format("{}, {} evaluations over {} levels ({})", file.teacher,
                                                  search.teacher_nfe, file.levels.size(), file.grid)},
                          {"metric and gamma", fmt::format("{}, {}", file.metric, format_double(file.gamma))},
                          {"seeds", file.seeds},
                          {"analytical first step", arguments.afs ? "yes: one step more than evaluations" : "no"},
                          {"device and precision", context.device + ", " + file.precision},
                          {"program", version_line()}};
  return {file, search, std::move(errors), resolve_solver(student_text(arguments)), context.command_line, settings};
}

void write_report(const GitsStory& story, const SearchArguments& arguments, const Context& context, RunFolder& folder) {
  write_gits_report(story, folder);
  RunInfo info(context.command_line);
  info.add_text("schedules", arguments.out);
  info.add("teacher_nfe", std::to_string(story.search.teacher_nfe));
  if (const auto file = model_file(arguments.model); !file.empty()) info.add_input("model", file);
  folder.commit(info);
}

void report(const SearchArguments& arguments, const Context& context, const GitsFile& file, int64_t teacher_nfe) {
  if (context.json) {
    nlohmann::ordered_json schedules = nlohmann::ordered_json::array();
    for (const GitsSchedule& schedule : file.schedules) {
      schedules.push_back({{"nfe", schedule.nfe}, {"steps", schedule.levels.size() - 1}, {"levels", schedule.levels}});
    }
    fmt::print("{}\n", dump_json(nlohmann::ordered_json{
                           {"out", arguments.out}, {"teacher_nfe", teacher_nfe}, {"schedules", schedules}}));
    return;
  }
  fmt::print("nfe  steps  levels\n");
  for (const GitsSchedule& schedule : file.schedules) {
    std::vector<std::string> levels;
    for (const double level : schedule.levels) levels.push_back(fmt::format("{:.4g}", level));
    fmt::print("{:>3}  {:>5}  {}\n", schedule.nfe, schedule.levels.size() - 1, join(levels, " "));
  }
  print_line(arguments.out);
  if (!arguments.report.empty()) print_line((std::filesystem::path(arguments.report) / "report.html").string());
}

void run_search(const SearchArguments& arguments, const Context& context) {
  check_before_work(arguments, context);
  const auto teacher = make_solver(arguments.teacher);
  const bool reported = !arguments.report.empty();
  const auto student = arguments.afs || reported ? make_solver(student_text(arguments)) : nullptr;
  std::optional<RunFolder> folder;
  if (reported) folder.emplace(output_request(context, "schedule search", arguments.report));
  GitsRequest request;
  request.seeds = parse_seeds(seed_text(arguments));
  request.nfe = parse_nfe(arguments.nfe);
  request.metric = parse_gits_metric(arguments.metric);
  request.gamma = arguments.gamma;
  request.afs_student = arguments.afs ? student.get() : nullptr;
  request.batch = arguments.batch;
  request.device = parse_device(context.device);
  const ModelOptions how = {context.device, context.precision, context.trust};
  const auto model = open_model(arguments.model, how);
  request.levels = grid_levels(arguments, model->info());
  std::optional<Progress> progress;
  request.on_phase = [&](const std::string& phase, int64_t total) { progress.emplace(phase, total, "evaluations"); };
  request.on_evaluation = [&](int64_t samples) { progress->advance(samples); };
  const GitsSearch search = gits_search(*model, *teacher, request);
  std::vector<StudentError> errors;
  if (reported) errors = student_errors(*model, *student, request, search);
  progress.reset();
  const GitsFile file = file_of(arguments, request, search, precision_of(*model, how));
  write_file_atomically(arguments.out, serialize_gits(file));
  if (reported) write_report(tell(arguments, context, file, search, std::move(errors)), arguments, context, *folder);
  report(arguments, context, file, search.teacher_nfe);
}

}  // namespace

void add_schedule_search_command(CLI::App& schedule, Context& context) {
  const auto arguments = std::make_shared<SearchArguments>();
  CLI::App* command = add_command(
      schedule, context, "search",
      "Finds the levels at which few steps follow a fine teacher best (GITS, Chen et al. 2024).",
      kScheduleSearchExamples, [arguments, &context] { run_search(*arguments, context); });
  command->add_option("--model", arguments->model, "network, reference file, run folder or delta:SRC")->required();
  command->add_option("--nfe", arguments->nfe, "evaluations of the schedules wanted, at one a step: 3-10 or 4,6")
      ->capture_default_str();
  command->add_option("--out", arguments->out, "the file to write (.json)")->required();
  command->add_option("--metric", arguments->metric, "of a jump's error: " + join(gits_metric_names(), ", "))
      ->capture_default_str();
  command->add_option("--gamma", arguments->gamma, "weight of a step over the one before it")
      ->transform(real_number(0.01, limits::kHighestGamma))
      ->capture_default_str();
  command->add_option("--teacher", arguments->teacher, "SOLVER[,option=value...] over the whole grid")
      ->capture_default_str();
  command->add_option("--points", arguments->points, "levels of the teacher's grid [61]")
      ->transform(whole_number(3, limits::kMostGridPoints));
  command->add_option("--grid", arguments->grid.schedule, "schedule of the teacher's grid, or file:PATH")
      ->capture_default_str();
  add_range_options(*command, arguments->grid);
  CLI::Option* warmup = command->add_option("--warmup", arguments->warmup, "teacher trajectories, of seeds 0, 1, ...");
  warmup->transform(whole_number(1, limits::kMostSeeds))->capture_default_str();
  command->add_option("--seeds", arguments->seeds, "their seeds one by one: 0-63 or 1,5,10-20")->excludes(warmup);
  command->add_flag("--afs", arguments->afs, "one level more, for sample --afs: its first step is free");
  command->add_option("--student", arguments->student,
                      "solver that will use the schedules, of --afs and --report [ipndm4]");
  command->add_option("--report", arguments->report, "folder to make: a page that shows costs, levels and errors");
  command->add_option("--batch", arguments->batch, "trajectories at a time")
      ->transform(whole_number(1, limits::kMostBatch))
      ->capture_default_str();
  add_compute_options(*command, context);
  add_trust_option(*command, context);
  add_output_options(*command, context);
}

}  // namespace farfield::tools
