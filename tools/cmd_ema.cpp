#include <cmath>
#include <filesystem>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/io/file.h"
#include "core/io/json.h"
#include "core/io/safetensors.h"
#include "core/limits.h"
#include "core/text.h"
#include "models/networks/checkpoint_manifest.h"
#include "models/networks/native_model.h"
#include "tools/command.h"
#include "tools/number_option.h"
#include "tools/print.h"
#include "train/ema.h"
#include "train/posthoc_ema.h"

namespace farfield::tools {
namespace {
namespace fs = std::filesystem;

constexpr const char* kEmaExamples =
    "  farfield ema --run runs/glyphs --sigma-rel 0.07 --out runs/glyphs-0.07.safetensors\n"
    "  farfield ema --run runs/glyphs --sigma-rel 0.03 --images 128000 --out early.safetensors\n";

constexpr const char* kProfileError = "profile_error";  // metadata of what this command writes

struct EmaArguments {
  std::string run, out;
  double sigma_rel = 0;
  int64_t images = 0;
};

struct StoredAverage {
  CheckpointEntry entry;
  AverageProfile profile;
};

// The snapshots of all power-function averages of the run up to `images` (0: all).
std::vector<StoredAverage> stored_averages(const EmaArguments& arguments) {
  constexpr std::string_view kPrefix = "power-";
  std::vector<StoredAverage> stored;
  for (const auto& [name, entries] : read_checkpoint_manifest(arguments.run).averages) {
    if (!name.starts_with(kPrefix)) continue;
    const double gamma = power_gamma(parse_double(name.substr(kPrefix.size()), "the width of " + name));
    for (const auto& entry : entries) {
      if (arguments.images > 0 && entry.images > arguments.images) continue;
      stored.push_back({entry, {gamma, static_cast<double>(entry.images)}});
    }
  }
  if (stored.empty()) {
    throw usage_error(fmt::format("{}: no power-function averages{}; train with --set 'ema.sigma_rel=[0.05,0.1]'",
                                  arguments.run,
                                  arguments.images > 0 ? fmt::format(" of up to {} images", arguments.images) : ""));
  }
  return stored;
}

NativeModel read_checked(const fs::path& file, const CheckpointEntry& entry) {
  auto [content, hash] = read_safetensors_hashed(file);
  if (hash != entry.sha256) {
    throw bad_file(file.string(), "its SHA-256 differs from the one in checkpoints.json; it is damaged");
  }
  return parse_native_model(std::move(content), file.string());
}

bool is_average(const fs::path& file) {
  try {
    return read_safetensors(file).metadata.contains(kProfileError);
  } catch (const Error&) {
    return false;
  }
}

// The weighted sum of the stored weights, in float64, in the last of the models.
NativeModel weighted_sum(const fs::path& run, const std::vector<StoredAverage>& stored,
                         const std::vector<double>& weights) {
  torch::NoGradGuard no_grad;
  std::map<std::string, torch::Tensor> sums;
  NativeModel model;
  for (size_t i = 0; i < stored.size(); ++i) {
    model = read_checked(run / stored[i].entry.file, stored[i].entry);
    for (const auto& item : model.network->named_parameters()) {
      const auto part = item.value().to(torch::kFloat64) * weights[i];
      auto& sum = sums[item.key()];
      sum = sum.defined() ? sum + part : part;
    }
  }
  for (auto& item : model.network->named_parameters()) item.value().copy_(sums.at(item.key()));
  return model;
}

void run_ema(const EmaArguments& arguments, const Context& context) {
  require_replaceable_file(arguments.out, context.force, "a network that farfield ema wrote", is_average,
                           input_paths(context));
  EmaOptions wanted;
  wanted.sigma_rel = {arguments.sigma_rel};
  wanted.validate();
  const auto stored = stored_averages(arguments);
  AverageProfile target{power_gamma(arguments.sigma_rel), static_cast<double>(arguments.images)};
  std::vector<AverageProfile> profiles;
  for (const auto& one : stored) {
    profiles.push_back(one.profile);
    if (arguments.images == 0) target.images = std::max(target.images, one.profile.images);
  }
  const PosthocWeights solution = posthoc_weights(profiles, target);
  const NativeModel model = weighted_sum(arguments.run, stored, solution.weights);
  const auto images = static_cast<int64_t>(target.images);
  const auto sha256 = write_native_model(arguments.out, model.config, *model.network,
                                         {{"images", std::to_string(images)},
                                          {"sigma_rel", format_double(arguments.sigma_rel)},
                                          {kProfileError, format_double(solution.error)}});
  const nlohmann::ordered_json result = {{"file", arguments.out},
                                         {"images", images},
                                         {"sigma_rel", arguments.sigma_rel},
                                         {"averages", stored.size()},
                                         {"profile_error", solution.error},
                                         {"sha256", sha256}};
  if (context.json) {
    fmt::print("{}\n", dump_json(result));
  } else {
    print_line(fmt::format("{}: sigma_rel {} at {} images from {} stored averages, profile error {:.2g}", arguments.out,
                           format_double(arguments.sigma_rel), images, stored.size(), solution.error));
  }
}

}  // namespace

void add_ema_command(CLI::App& app, Context& context) {
  const auto arguments = std::make_shared<EmaArguments>();
  CLI::App* command = add_command(app, context, "ema",
                                  "Averages the weights of a training run anew, with another width.", kEmaExamples,
                                  [arguments, &context] { run_ema(*arguments, context); });
  command->add_option("--run", arguments->run, "folder of a run with ema.sigma_rel averages")->required();
  command->add_option("--sigma-rel", arguments->sigma_rel, "relative width of the average, above 0 and below 0.2886")
      ->required()
      ->transform(real_number(0, 0.2886));
  command->add_option("--images", arguments->images, "images seen at its end (default: all)")
      ->transform(whole_number(1, limits::kMostImages));
  command->add_option("--out", arguments->out, "the native network file to write (.safetensors)")->required();
  add_threads_option(*command, context);
  add_output_options(*command, context);
}

}  // namespace farfield::tools
