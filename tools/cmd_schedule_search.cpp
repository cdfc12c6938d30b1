#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "analysis/study/gits_run.h"
#include "core/device.h"
#include "core/error.h"
#include "core/io/file.h"
#include "core/io/json.h"
#include "core/limits.h"
#include "core/run/run_folder.h"
#include "core/run/run_info.h"
#include "core/text.h"
#include "models/registry/model_registry.h"
#include "samplers/gits/search_run.h"
#include "samplers/schedules/gits_file.h"
#include "samplers/schedules/gits_metric.h"
#include "tools/command.h"
#include "tools/model_run.h"
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
  std::string model, out, report;
  SearchOptions options;
};

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
  require_replaceable_file(arguments.out, context.force, "a result of farfield schedule search", is_search_file,
                           input_paths(context));
  if (!arguments.report.empty()) require_apart(arguments.out, arguments.report);
  if (arguments.options.student && !arguments.options.afs && arguments.report.empty()) {
    throw usage_error("--student applies to --afs and --report only; leave it out");
  }
  if (arguments.options.per_sample && arguments.report.empty())
    throw usage_error("--per-sample shows on the page; give --report, too, or leave it out");
  arguments.options.validate();
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

void run(const SearchArguments& arguments, const Context& context) {
  check_before_work(arguments, context);
  const bool reported = !arguments.report.empty();
  std::optional<RunFolder> folder;
  if (reported) folder.emplace(output_request(context, "schedule search", arguments.report));
  SearchOptions options = arguments.options;
  options.device = parse_device(context.device);
  const ModelOptions how = {context.device, context.precision, context.trust};
  const auto model = open_model(arguments.model, how);
  const RecordedModel recorded{*model, arguments.model, model_sha256(arguments.model), precision_of(*model, how)};
  const SearchResult result = run_search(recorded, options);
  std::vector<StudentError> errors;
  if (reported) errors = student_errors(*model, result);
  write_file_atomically(arguments.out, serialize_gits(result.file));
  if (reported) {
    RunInfo info = record_of(context);
    info.add_text("schedules", arguments.out);
    if (const auto file = model_file(arguments.model); !file.empty()) info.add_input("model", file);
    const RunCall call{context.command_line, context.device, context.precision};
    save_search_report(result, options, std::move(errors), call, std::move(info), *folder);
  }
  report(arguments, context, result.file, result.search.teacher_nfe);
}

}  // namespace

void add_schedule_search_command(CLI::App& schedule, Context& context) {
  const auto arguments = std::make_shared<SearchArguments>();
  CLI::App* command = add_command(
      schedule, context, "search",
      "Finds the levels at which few steps follow a fine teacher best (GITS, Chen et al. 2024).",
      kScheduleSearchExamples, [arguments, &context] { run(*arguments, context); });
  command->add_option("--model", arguments->model, model_option_help())->required();
  command->add_option("--out", arguments->out, "the file to write (.json)")->required();
  CLI::Option* warmup = add_search_options(*command, arguments->options);
  command->add_option("--seeds", arguments->options.seeds, "their seeds one by one: 0-63 or 1,5,10-20")
      ->excludes(warmup);
  command->add_flag("--afs", arguments->options.afs, "one level more, for sample --afs: its first step is free");
  command->add_flag("--per-sample", arguments->options.per_sample,
                    "on the page, too: the schedule of every trajectory alone, their spread and what they are worth");
  command->add_option("--report", arguments->report, "folder to make: a page that shows costs, levels and errors");
  add_compute_options(*command, context);
  add_trust_option(*command, context);
  add_output_options(*command, context);
}

}  // namespace farfield::tools
