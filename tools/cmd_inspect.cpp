// farfield inspect FILE: what a file or folder is, and whether a network still computes what it did elsewhere.
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/io/json.h"
#include "core/io/npz.h"
#include "core/io/wrong_file.h"
#include "core/printable.h"
#include "core/text.h"
#include "models/registry/model_registry.h"
#include "tools/command.h"
#include "tools/file_description.h"
#include "tools/print.h"

namespace farfield::tools {
namespace {

using Json = nlohmann::ordered_json;

std::string short_text(const Json& value) { return value.is_string() ? value.get<std::string>() : dump_json(value); }

// A name and its value; further lines of the value stand below its first.
void print_entry(const std::string& indent, const std::string& name, const std::string& value) {
  std::string head = fmt::format("{}{:<16} ", indent, name);
  for (const auto& line : split(value, '\n')) {
    print_line(head + line);
    head = indent + std::string(17, ' ');
  }
  if (value.empty()) print_line(head);
}

void print_text(const Json& value, const std::string& indent) {
  for (const auto& [key, entry] : value.items()) {
    if (key == "tensors") {
      fmt::print("{}{} arrays\n", indent, entry.size());
      for (const Json& tensor : entry) {
        print_line(fmt::format("{}  {:<44} {:<8} {}", indent, short_text(tensor["name"]), short_text(tensor["dtype"]),
                               dump_json(tensor["shape"])));
      }
    } else if (entry.is_object()) {
      print_line(indent + key + ":");
      print_text(entry, indent + "  ");
    } else {
      print_entry(indent, key, short_text(entry));
    }
  }
}

// The network's output on stored inputs (x, sigma and perhaps labels) against the stored D.f32, in float32.
Json check_output(const std::string& model, const std::string& stored) {
  torch::NoGradGuard no_grad;
  ModelOptions options;
  options.device = "cpu";
  options.precision = "fp32";
  const auto denoiser = open_model(model, options);
  const auto arrays = read_as(FileKind::kNpz, stored, [&] { return read_npz(stored); });
  for (const char* name : {"x", "sigma", "D.f32"}) {
    if (!arrays.contains(name)) throw bad_file(stored, fmt::format("has no array '{}'", name));
  }
  const torch::Tensor labels = arrays.contains("labels") ? arrays.at("labels") : torch::Tensor();
  const torch::Tensor expected = arrays.at("D.f32").to(torch::kFloat32);
  const torch::Tensor denoised = (*denoiser)(arrays.at("x"), arrays.at("sigma"), labels);
  if (expected.sizes() != denoised.sizes()) throw bad_file(stored, "D.f32 has another shape than x");
  const double deviation = ((denoised - expected).abs().max() / expected.abs().max()).item<double>();
  return {{"file", stored}, {"deviation", deviation}};
}

struct InspectOptions {
  std::string file, check;
};

void run_inspect(const InspectOptions& options, bool json) {
  Json result;
  result["path"] = options.file;
  result.update(parse_json(describe_file(options.file), options.file));
  if (!options.check.empty()) result["check"] = check_output(options.file, options.check);
  if (json) {
    fmt::print("{}\n", dump_json(result, 2));
    return;
  }
  result["path"] = printable(options.file);  // a name is one line; texts in a file may have several
  print_text(result, "");
}

}  // namespace

void add_inspect_command(CLI::App& app, Context& context) {
  auto options = std::make_shared<InspectOptions>();
  CLI::App* command = add_command(app, context, "inspect", "Says what a file or run folder is.",
                                  "  farfield inspect assets/glyphs.safetensors\n"
                                  "  farfield inspect runs/train --json\n"
                                  "  farfield inspect converted.safetensors --check converted.io.npz\n",
                                  [&context, options] { run_inspect(*options, context.json); });
  command->add_option("file", options->file, "a .safetensors, .npz, .npy, .pt or .pt2 file, or the folder of a run")
      ->required();
  command->add_option("--check", options->check,
                      "evaluate the network on this .npz's x, sigma and labels, and compare with its D.f32");
  command->add_flag("--json", context.json, "the result on stdout as JSON");
}

}  // namespace farfield::tools
