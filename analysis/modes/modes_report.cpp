#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "analysis/modes/modes_run.h"
#include "analysis/page/charts.h"
#include "analysis/page/figure_table.h"
#include "analysis/page/format.h"
#include "analysis/page/sample_figure.h"
#include "core/io/json.h"
#include "core/io/npz.h"
#include "core/run/run_info.h"
#include "core/text.h"

namespace farfield {
namespace {

std::string count_of_modes(const ModeSet& set) {
  return set.modes.size(0) == 1 ? "one mode" : fmt::format("{} modes", set.modes.size(0));
}

std::vector<double> mode_counts(const ModesRun& run) {
  std::vector<double> counts;
  for (const ModeSet& set : run.sets) counts.push_back(static_cast<double>(set.modes.size(0)));
  return counts;
}

int64_t all_unsettled(const ModesRun& run) {
  int64_t unsettled = 0;
  for (const ModeSet& set : run.sets) unsettled += set.unsettled;
  return unsettled;
}

// Whether more smoothing never made more modes: certain in one dimension only (Silverman 1981).
std::string silverman(const ModesRun& run) {
  if (run.sets.size() < 2 || all_unsettled(run) > 0) return "";
  const auto counts = mode_counts(run);
  const bool falls = std::ranges::is_sorted(counts, std::greater<>());
  return falls ? " Their number never rises with the bandwidth, as it must in one dimension (Silverman 1981)."
               : " Their number rises somewhere with the bandwidth, which is possible in more than one dimension only.";
}

std::optional<Figure> count_figure(const ModesRun& run) {
  Figure figure;
  figure.title = modes_headline(run);
  figure.caption = fmt::format(
      "Modes of the kernel density of the {} data points that mean shift from {} starts ends at. An end is where a step is "
      "below 1e-10 of the bandwidth, ends within 1e-6 of it are one mode.{}{}",
      run.inputs.data->info().count, run.sets[0].basin.size(0),
      all_unsettled(run) == 0 ? ""
                              : fmt::format(" {} starts did not settle in {} iterations, and are not counted.",
                                            all_unsettled(run), run.inputs.options.max_iterations),
      silverman(run));
  figure.data_file = "modes.csv";
  figure.numbers = modes_table(run);
  if (run.sets.size() < 2) return figure;
  const Series line{"modes", series_style("modes"), run.inputs.bandwidths, mode_counts(run), {}, {}};
  Axis x = sigma_axis(run.inputs.bandwidths);
  x.title = "bandwidth h";
  figure.charts = {{line_chart({x, {{{"modes", Scale::kLog, {}}, {line}, {}, 200}}}),
                    "Number of modes over the bandwidth: " + figure.title}};
  return figure;
}

// The modes of some bandwidths, those with the most starts first.
std::optional<Figure> picture_figure(const ModesRun& run) {
  constexpr size_t kMostPictures = 4;
  std::vector<SampleSet> sets;
  const size_t stride = (run.sets.size() + kMostPictures - 1) / kMostPictures;
  for (size_t i = 0; i < run.sets.size(); i += stride) {
    const ModeSet& set = run.sets[i];
    if (set.modes.size(0) == 0) continue;
    const torch::Tensor sizes = torch::bincount(set.basin.index({set.basin >= 0}), {}, set.modes.size(0));
    std::vector<int64_t> shape = run.inputs.data->info().shape;
    shape.insert(shape.begin(), set.modes.size(0));
    const torch::Tensor order = sizes.argsort(/*stable=*/true, 0, /*descending=*/true);
    sets.push_back({fmt::format("h = {}", format_sigma(run.inputs.bandwidths[i])),
                    "delta",
                    set.modes.index_select(0, order).reshape(shape).to(torch::kFloat32),
                    {count_of_modes(set)}});
  }
  if (sets.empty()) return std::nullopt;
  Figure figure = sample_figure("The modes of every bandwidth", "Those with the largest basins first.", sets);
  figure.data_file = "basins.csv";
  return figure;
}

const std::vector<FigureRow<ModesRun>>& modes_figures() {
  static const std::vector<FigureRow<ModesRun>> rows = {{"Modes", count_figure}, {"Modes", picture_figure}};
  return rows;
}

std::map<std::string, torch::Tensor> arrays_of(const ModesRun& run) {
  std::map<std::string, torch::Tensor> arrays = {{"bandwidths", torch::tensor(run.inputs.bandwidths, torch::kFloat64)}};
  std::vector<torch::Tensor> basins, iterations, rates;
  for (size_t i = 0; i < run.sets.size(); ++i) {
    const ModeSet& set = run.sets[i];
    std::vector<int64_t> shape = run.inputs.data->info().shape;
    shape.insert(shape.begin(), set.modes.size(0));
    arrays[fmt::format("modes_{}", i)] = set.modes.reshape(shape);
    arrays[fmt::format("log_density_{}", i)] = set.log_density;
    basins.push_back(set.basin);
    iterations.push_back(set.iterations);
    rates.push_back(set.rate);
  }
  arrays["basin"] = torch::stack(basins);
  arrays["iterations"] = torch::stack(iterations);
  arrays["rate"] = torch::stack(rates);
  return arrays;
}

void write_modes(const ModesRun& run, Report& report, const RunFolder& folder) {
  write_csv(folder.path("modes.csv"), modes_table(run));
  report.file("modes.csv", "how many modes there are at every bandwidth, and how mean shift came to them");
  write_csv(folder.path("basins.csv"), basins_table(run));
  report.file("basins.csv", "every mode: its starts, its density, the nearest data point");
  write_npz(folder.path("modes.npz"), arrays_of(run));
  report.file("modes.npz", "the modes, and where every start ended");
}

}  // namespace

std::string modes_headline(const ModesRun& run) {
  const ModeSet &first = run.sets.front(), &last = run.sets.back();
  const std::string at_first = fmt::format("The kernel density of {} has {} at h = {}", run.inputs.data->info().name,
                                           count_of_modes(first), format_sigma(run.inputs.bandwidths.front()));
  if (run.sets.size() == 1) return at_first + ".";
  return fmt::format("{} and {} at h = {}.", at_first, count_of_modes(last),
                     format_sigma(run.inputs.bandwidths.back()));
}

void save_modes(const ModesRun& run, const RunCall& call, RunInfo info, RunFolder& folder) {
  const DataInfo& data = run.inputs.data->info();
  const std::string headline = modes_headline(run),
                    starts = run.inputs.starts_text.empty() ? "every point of the data" : run.inputs.starts_text;
  Report report("farfield modes", "Modes of the data's kernel density", headline,
                {call.command,
                 {{"data", fmt::format("{}, {} samples", data.name, data.count)},
                  {"starts", fmt::format("{}, {} of them", starts, run.sets[0].basin.size(0))},
                  {"bandwidths", std::to_string(run.sets.size())}},
                 {{"most iterations", std::to_string(run.inputs.options.max_iterations)},
                  {"time", format_seconds(call.seconds)},
                  {"program", version_line()}}});
  write_modes(run, report, folder);
  add_figures(report, modes_figures(), run, folder);
  report.write(folder.path("report.html"));
  info.add_text("data", data.name);
  info.add_text("data_fingerprint", data.fingerprint);
  info.add("data_left_out", dump_json(to_json(data.notes.left_out)));
  info.add_text("starts", starts);
  info.add("bandwidths", dump_json(nlohmann::json(run.inputs.bandwidths)));
  info.add_text("headline", headline);
  folder.commit(std::move(info));
}

}  // namespace farfield
