#include <filesystem>
#include <memory>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/comm.h"
#include "core/error.h"
#include "core/io/json.h"
#include "core/limits.h"
#include "core/parts.h"
#include "core/stopwatch.h"
#include "core/text.h"
#include "models/analytic/fit.h"
#include "models/analytic/reference_file.h"
#include "models/registry/reference_registry.h"
#include "tools/command.h"
#include "tools/number_option.h"
#include "tools/print.h"

namespace farfield::tools {
namespace {

struct FitArguments {
  std::string data, out;
  int64_t rank = 0;
  MixtureOptions mixture;
};

bool is_fitted(const std::filesystem::path& file) {
  try {
    return is_reference(read_safetensors(file));
  } catch (const Error&) {
    return false;
  }
}

void check_target(const FitArguments& arguments, const Context& context) {
  require_replaceable_file(arguments.out, context.force, "a fitted reference", is_fitted, input_paths(context));
}

nlohmann::ordered_json describe(const GaussianStats& stats) {
  return {{"kind", "gaussian"},
          {"dimensions", stats.dim()},
          {"rank", stats.rank()},
          {"samples", stats.count},
          {"variance", stats.total_variance()}};
}

nlohmann::ordered_json describe(const MixtureStats& stats) {
  return {{"kind", "mixture"},
          {"dimensions", stats.dim()},
          {"components", stats.components()},
          {"rank", stats.rank()},
          {"samples", stats.counts.sum().item<int64_t>()},
          {"smallest", stats.counts.min().item<int64_t>()},
          {"largest", stats.counts.max().item<int64_t>()}};
}

void report(const nlohmann::ordered_json& result, bool json) {
  if (json) {
    fmt::print("{}\n", dump_json(result));
    return;
  }
  for (const auto& [key, value] : result.items()) {
    const std::string text = value.is_string()         ? value.get<std::string>()
                             : value.is_number_float() ? fmt::format("{:.4g}", value.get<double>())
                                                       : dump_json(value);
    print_line(fmt::format("{:<11} {}", key, text));
  }
}

// Fits, writes the file, and says on stdout what it holds.
template <class Fit>
void fit_and_write(const FitArguments& arguments, const Context& context, Fit fit) {
  do_on_root(world(), [&] { check_target(arguments, context); });
  const Stopwatch clock;
  const auto data = open_data(arguments.data);
  const auto stats = fit(*data);
  do_on_root(world(), [&] {
    const auto sha256 = write_reference(arguments.out,
                                        {stats, data->info().shape, data->info().name, data->info().fingerprint});
    auto result = describe(stats);
    result["data"] = data->info().name;
    const auto& left_out = data->info().notes.left_out;
    if (!left_out.kinds().empty()) result["left_out"] = to_json(left_out);
    result["seconds"] = clock.seconds();
    result["file"] = arguments.out;
    result["sha256"] = sha256;
    report(result, context.json);
  });
}

void add_shared_options(CLI::App& command, FitArguments& arguments, Context& context) {
  command.add_option("--data", arguments.data, "the data set, SRC\n" + data_source_help())->required();
  command.add_option("--rank", arguments.rank, "leading eigenpairs to keep (default: all)")
      ->transform(whole_number(1, limits::kMostRank));
  command.add_option("--out", arguments.out, "the file to write (.safetensors)")->required();
  add_threads_option(command, context);
  add_output_options(command, context);
  share_over_ranks(command, context);
}

void add_mixture_options(CLI::App& command, MixtureOptions& options) {
  auto* components = command.add_option("--components", options.components, "number of k-means clusters");
  components->transform(whole_number(1, limits::kMostComponents))->capture_default_str();
  command.add_flag("--per-class", options.per_class, "one component a label, no k-means")->excludes(components);
  command.add_option("--tail", options.tail, "variance outside the kept eigenvectors: zero, or the mean of the rest")
      ->check(CLI::IsMember({"zero", "mean"}))
      ->capture_default_str();
  command.add_option("--ridge", options.ridge, "variance added in every direction")
      ->transform(real_number(0, limits::kHighestVariance))
      ->capture_default_str();
  command.add_option("--seed", options.seed, "of k-means")
      ->transform(whole_number(0, limits::kHighestSeed))
      ->capture_default_str();
  command.add_option("--max-iterations", options.max_iterations, "of k-means")
      ->transform(whole_number(1, limits::kMostIterations))
      ->capture_default_str();
}

}  // namespace

void add_fit_command(CLI::App& app, Context& context) {
  const auto arguments = std::make_shared<FitArguments>();
  CLI::App* fit = app.add_subcommand("fit",
                                     "Fits a reference with an exactly known score to a data set.\n\nExamples:\n"
                                     "  farfield fit gaussian --data glyphs --out gaussian.safetensors\n"
                                     "  farfield fit mixture --data glyphs --components 10 --out m10.safetensors\n");
  fit->require_subcommand(1);
  CLI::App* gaussian = add_command(*fit, context, "gaussian",
                                   find_reference("gaussian")->summary + ", all eigenpairs or the leading ones.",
                                   "  farfield fit gaussian --data glyphs --out gaussian.safetensors\n"
                                   "  farfield fit gaussian --data cifar:DIR --rank 100 --out gaussian100.safetensors\n"
                                   "  mpirun -n 4 farfield fit gaussian --data cifar:DIR --out gaussian.safetensors\n",
                                   [arguments, &context] {
    fit_and_write(*arguments, context,
                  [&](const DataSource& data) { return measure_gaussian(data, arguments->rank, world()); });
  });
  add_shared_options(*gaussian, *arguments, context);
  CLI::App* mixture = add_command(
      *fit, context, "mixture", find_reference("mixture")->summary + ": weights, means, covariances.",
      "  farfield fit mixture --data glyphs --components 10 --out mixture10.safetensors\n"
      "  farfield fit mixture --data mnist:DIR --per-class --rank 64 --out classes.safetensors\n"
      "  mpirun -n 4 farfield fit mixture --data cifar:DIR --components 100 --out m100.safetensors\n",
      [arguments, &context] {
    arguments->mixture.rank = arguments->rank;
    fit_and_write(*arguments, context,
                  [&](const DataSource& data) { return fit_mixture(data, arguments->mixture, world()); });
  });
  add_shared_options(*mixture, *arguments, context);
  add_mixture_options(*mixture, arguments->mixture);
}

}  // namespace farfield::tools
