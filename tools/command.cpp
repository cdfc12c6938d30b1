#include "tools/command.h"

#include "core/limits.h"
#include "tools/number_option.h"
#include "tools/option_config.h"

namespace farfield::tools {

CLI::App* add_command(CLI::App& parent, Context& context, const std::string& name, const std::string& description,
                      const std::string& examples, std::function<void()> run) {
  CLI::App* command = parent.add_subcommand(name, description + "\n\nExamples:\n" + examples);
  command->callback([&context, run = std::move(run)] { context.run = run; });
  add_config_option(*command, context);
  return command;
}

void share_over_ranks(CLI::App& command, Context& context) {
  command.preparse_callback([&context](size_t) { context.over_ranks = true; });
}

void add_device_options(CLI::App& command, Context& context) {
  command.add_option("--device", context.device, "auto, cpu, cuda or cuda:N")->capture_default_str();
  add_threads_option(command, context);
}

void add_compute_options(CLI::App& command, Context& context) {
  add_device_options(command, context);
  command.add_option("--precision", context.precision, "of networks: auto, fp32, bf16 or tf32")->capture_default_str();
}

void add_threads_option(CLI::App& command, Context& context) {
  command.add_option("--threads", context.threads, "threads to use; 0: as many as this process may")
      ->transform(whole_number(0, limits::kMostThreads))
      ->capture_default_str();
}

void add_trust_option(CLI::App& command, Context& context) {
  command.add_flag("--trust", context.trust, "load formats that run code (TorchScript, .pt2)")->configurable(false);
}

void add_output_options(CLI::App& command, Context& context) {
  command.add_flag("--force", context.force, "replace a finished output of the same command, and nothing else");
  command.add_flag("--quiet", context.quiet, "no progress and no messages, only results and errors");
  command.add_flag("--json", context.json, "the result on stdout as JSON");
}

RunInfo record_of(const Context& context) {
  RunInfo info(context.command_line);
  info.add("options", options_json(*context.command));
  info.expect_inputs(context.config_inputs);
  return info;
}

std::vector<std::filesystem::path> input_paths(const Context& context, const std::vector<std::string>& also) {
  std::vector<std::string> texts = also;
  texts.insert(texts.end(), context.config_texts.begin(), context.config_texts.end());
  const auto& words = context.command_line;
  for (size_t i = 1; i < words.size(); ++i) {
    const bool output = words[i] == "--out" || words[i] == "--report";
    if (output) ++i;
    if (!output && !words[i].starts_with("--out=") && !words[i].starts_with("--report=")) texts.push_back(words[i]);
  }
  return named_paths(texts);
}

OutputRequest output_request(const Context& context, const std::string& kind, const std::string& out,
                             const std::vector<std::string>& also) {
  return {out, kind, context.force, input_paths(context, also)};
}

}  // namespace farfield::tools
