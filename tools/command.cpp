#include "tools/command.h"

namespace farfield::tools {

CLI::App* add_command(CLI::App& parent, Context& context, const std::string& name, const std::string& description,
                      const std::string& examples, std::function<void()> run) {
  CLI::App* command = parent.add_subcommand(name, description + "\n\nExamples:\n" + examples);
  command->callback([&context, run = std::move(run)] { context.run = run; });
  return command;
}

void share_over_ranks(CLI::App& command, Context& context) {
  command.preparse_callback([&context](size_t) { context.over_ranks = true; });
}

void add_compute_options(CLI::App& command, Context& context) {
  command.add_option("--device", context.device, "auto, cpu, cuda or cuda:N")->capture_default_str();
  command.add_option("--precision", context.precision, "of networks: auto, fp32, bf16 or tf32")->capture_default_str();
  command.add_option("--threads", context.threads, "threads to use; 0: as many as this process may")
      ->capture_default_str();
}

void add_trust_option(CLI::App& command, Context& context) {
  command.add_flag("--trust", context.trust, "load formats that run code (TorchScript, .pt2)");
}

void add_output_options(CLI::App& command, Context& context) {
  command.add_flag("--force", context.force, "replace the output of an earlier run");
  command.add_flag("--quiet", context.quiet, "no progress and no messages, only results and errors");
  command.add_flag("--json", context.json, "the result on stdout as JSON");
}

}  // namespace farfield::tools
