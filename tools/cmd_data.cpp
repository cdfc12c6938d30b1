#include <algorithm>
#include <cstdio>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "analysis/page/format.h"
#include "analysis/stats/data_stats.h"
#include "core/comm.h"
#include "core/data/source.h"
#include "core/io/json.h"
#include "core/text.h"
#include "tools/command.h"
#include "tools/print.h"

namespace farfield::tools {
namespace {

std::string numbers(const std::vector<double>& values) {
  std::vector<std::string> texts;
  for (const double value : values) texts.push_back(format_digits(value, 4));
  return join(texts, " ");
}

template <class Values>
std::string list(const Values& values, std::string_view separator) {
  std::vector<std::string> texts;
  for (const auto value : values) texts.push_back(fmt::format("{}", value));
  return join(texts, separator);
}

// "0 'cat', 1 'dog', ..."
std::string named(const std::vector<std::string>& names) {
  constexpr size_t kShown = 20;
  std::vector<std::string> texts;
  for (size_t i = 0; i < std::min(kShown, names.size()); ++i) texts.push_back(fmt::format("{} {}", i, quote(names[i])));
  if (names.size() > kShown) texts.push_back(fmt::format("and {} more (--json has all)", names.size() - kShown));
  return join(texts, ", ");
}

// How many samples the classes have: each where they are few, else the spread, and which have none.
std::string describe_classes(std::vector<int64_t> counts) {
  constexpr size_t kMostListed = 20, kEmptyShown = 5;
  const std::string classes = fmt::format("{} classes", counts.size());
  if (counts.size() <= kMostListed) return fmt::format("{}, samples in each: {}", classes, list(counts, " "));
  std::vector<size_t> empty;
  for (size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] == 0) empty.push_back(i);
  }
  std::erase(counts, 0);
  std::sort(counts.begin(), counts.end());
  std::string text = fmt::format("{}, {} to {} samples in each, median {}", classes, counts.front(), counts.back(),
                                 counts[counts.size() / 2]);
  if (empty.empty()) return text;
  const std::vector<size_t> shown(empty.begin(),
                                  empty.begin() + static_cast<int64_t>(std::min(kEmptyShown, empty.size())));
  return text + fmt::format("; {} without samples: {}{}", empty.size(), list(shown, " "),
                            shown.size() < empty.size() ? " ..." : "");
}

void row(const char* name, const std::string& value) { print_line(fmt::format("{:<18}{}", name, value)); }

std::string measured_on(int64_t samples, int64_t count) {
  return samples == count ? "all samples" : fmt::format("{} samples drawn at random", samples);
}

void print_table(const DataInfo& info, const DataStats& stats, const std::vector<Suggestion>& suggestions) {
  constexpr size_t kMostChannels = 16;
  row("data", info.name);
  row("fingerprint", info.fingerprint);
  row("samples", fmt::format("{} of {}", info.count, list(info.shape, " x ")));
  for (const auto& conversion : info.notes.conversions) row("converted", conversion);
  for (const auto& left : info.notes.left_out.kinds()) row("not taken", to_text(left));
  row("values", fmt::format("{} to {}, mean {}", format_digits(stats.lowest, 4), format_digits(stats.highest, 4),
                            format_digits(stats.mean, 4)));
  row("sigma_data", format_digits(stats.sigma_data, 6));
  if (stats.channel_mean.size() <= kMostChannels) {
    row("channel mean", numbers(stats.channel_mean));
    row("channel std", numbers(stats.channel_std));
  }
  row("duplicates", fmt::format("{} samples equal an earlier one", stats.duplicates));
  row("labels", stats.label_counts.empty() ? "none" : describe_classes(stats.label_counts));
  if (!info.notes.label_names.empty()) row("label names", named(info.notes.label_names));
  row("distances",
      fmt::format("median {}, largest {} (all pairs of {})", format_digits(stats.median_distance, 4),
                  format_digits(stats.largest_distance, 4), measured_on(stats.distance_samples, info.count)));
  row("variance", fmt::format("{} in all; 90 % in {} components, 99 % in {} (covariance of {})",
                              format_digits(stats.total_variance, 5), stats.components_90, stats.components_99,
                              measured_on(stats.spectrum_samples, info.count)));
  row("eigenvalues", numbers(stats.eigenvalues));
  fmt::print("\nsuggested for training\n");
  for (const auto& suggestion : suggestions) {
    fmt::print("  {:<12}{:<9}{}\n", suggestion.setting, format_digits(suggestion.value, 2), suggestion.reason);
  }
}

void print_json(const DataInfo& info, const DataStats& stats, const std::vector<Suggestion>& suggestions) {
  nlohmann::ordered_json json = {{"name", info.name},
                                 {"fingerprint", info.fingerprint},
                                 {"count", info.count},
                                 {"shape", info.shape},
                                 {"label_dim", info.label_dim},
                                 {"mean", stats.mean},
                                 {"sigma_data", stats.sigma_data},
                                 {"lowest", stats.lowest},
                                 {"highest", stats.highest},
                                 {"channel_mean", stats.channel_mean},
                                 {"channel_std", stats.channel_std},
                                 {"label_counts", stats.label_counts},
                                 {"label_names", info.notes.label_names},
                                 {"conversions", info.notes.conversions},
                                 {"duplicates", stats.duplicates},
                                 {"distance_samples", stats.distance_samples},
                                 {"median_distance", stats.median_distance},
                                 {"largest_distance", stats.largest_distance},
                                 {"spectrum_samples", stats.spectrum_samples},
                                 {"total_variance", stats.total_variance},
                                 {"eigenvalues", stats.eigenvalues},
                                 {"components_90", stats.components_90},
                                 {"components_99", stats.components_99}};
  json["left_out"] = to_json(info.notes.left_out);
  for (const auto& suggestion : suggestions) {
    json["suggested"][suggestion.setting] = {{"value", suggestion.value}, {"reason", suggestion.reason}};
  }
  fmt::print("{}\n", dump_json(json, 2));
}

}  // namespace

void add_data_command(CLI::App& app, Context& context) {
  CLI::App* data = app.add_subcommand("data", "Looks at data sets.\n\nExamples:\n  farfield data stats glyphs\n");
  data->require_subcommand(1);
  const auto src = std::make_shared<std::string>();
  CLI::App* stats = add_command(
      *data, context, "stats", "Measures a data set and suggests the settings that follow from it.",
      "  farfield data stats glyphs\n  farfield data stats mnist:data/mnist,pad=32\n"
      "  farfield data stats cifar10.zip,first=1000 --json\n  mpirun -n 4 farfield data stats cifar10.zip\n\nSRC is one of:\n" +
          data_source_help() + "\n",
      [src, &context] {
    const auto source = open_data(*src);
    const auto measured = measure_data(*source, {}, world());
    const auto suggestions = suggest_settings(measured, source->info().eight_bit);
    (context.json ? print_json : print_table)(source->info(), measured, suggestions);
  });
  stats->add_option("SRC", *src, "the data set")->required();
  add_threads_option(*stats, context);
  stats->add_flag("--quiet", context.quiet, "no progress and no messages, only results and errors");
  stats->add_flag("--json", context.json, "the result on stdout as JSON");
  share_over_ranks(*stats, context);
}

}  // namespace farfield::tools
