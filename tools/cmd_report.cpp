#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "analysis/training/training_report.h"
#include "core/io/json.h"
#include "core/run/run_info.h"
#include "tools/command.h"
#include "tools/print.h"

namespace farfield::tools {
namespace {

constexpr const char* kReportExamples = "  farfield report runs/glyphs --out runs/glyphs-report\n";

struct ReportArguments {
  std::string run, out;
};

void run_report(const ReportArguments& arguments, const Context& context) {
  RunFolder folder(output_request(context, "report", arguments.out));
  const std::string answer = write_training_report(arguments.run, context.command_line, folder);
  RunInfo info = record_of(context);
  info.add_text("run", arguments.run);
  folder.commit(info);
  const std::string page = (folder.target() / "report.html").string();
  if (context.json) {
    fmt::print("{}\n", dump_json(nlohmann::ordered_json{{"headline", answer}, {"report", page}}));
  } else {
    print_line(answer);
    print_line(page);
  }
}

}  // namespace

void add_report_command(CLI::App& app, Context& context) {
  const auto arguments = std::make_shared<ReportArguments>();
  CLI::App* command = add_command(app, context, "report",
                                  "Shows a training run, also one that still goes on, on one page.", kReportExamples,
                                  [arguments, &context] { run_report(*arguments, context); });
  command->add_option("RUN", arguments->run, "folder of a training run")->required();
  command->add_option("--out", arguments->out, "folder to make")->required();
  add_output_options(*command, context);
}

}  // namespace farfield::tools
