#include "analysis/calibrate/heat_run.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "analysis/page/charts.h"
#include "analysis/page/figure_table.h"
#include "analysis/page/format.h"
#include "analysis/page/strips.h"
#include "core/error.h"
#include "core/io/file.h"
#include "core/io/json.h"
#include "core/io/npz.h"
#include "models/patches/heat_maps.h"
#include "models/patches/patch_options.h"
#include "models/registry/model_form.h"
#include "samplers/solvers/solver_registry.h"

namespace farfield {
namespace {

using torch::Tensor;

constexpr int64_t kHeatPictures = 9;

LevelTable fractions_of(const std::string& reference) {
  const ModelForm form = parse_model(reference);
  if (form.kind != "pspc-flex" || form.source) {
    throw usage_error(
        fmt::format("heat maps: '{}'; give pspc-flex, with fraction=F or table=FILE, without data", reference));
  }
  for (const auto& [key, value] : form.options) {
    if (key == "fraction" || key == "table") continue;
    throw usage_error(fmt::format("heat maps: {}={} decides nothing here; leave it out", key, value));
  }
  return read_fractions(ReferenceOptions(form.kind, form.options));
}

// [H, W] int64: how many pixels each mask of a level has.
Tensor sizes_of_masks(const MaskSet& masks, int64_t height, int64_t width) {
  std::vector<int64_t> sizes;
  for (size_t p = 0; p + 1 < masks.begin.size(); ++p) sizes.push_back(masks.begin[p + 1] - masks.begin[p]);
  return torch::tensor(sizes, torch::kInt64).reshape({height, width});
}

double mean_size(const HeatRun& run, size_t level) {
  return run.mask_sizes[static_cast<int64_t>(level)].to(torch::kFloat64).mean().item<double>();
}

Table heat_table(const HeatRun& run) {
  const LevelTable fractions = fractions_of(run.inputs.reference);
  Table table;
  table.columns = {"sigma", "fraction", "mask_mean", "mask_least", "mask_most"};
  for (size_t n = 0; n < run.result.levels.size(); ++n) {
    const Tensor sizes = run.mask_sizes[static_cast<int64_t>(n)];
    table.add({run.result.levels[n], fractions.at(run.result.levels[n]), mean_size(run, n), sizes.min().item<int64_t>(),
               sizes.max().item<int64_t>()});
  }
  return table;
}

std::optional<Figure> mask_figure(const HeatRun& run) {
  std::vector<double> sides;
  for (size_t n = 0; n < run.result.levels.size(); ++n) sides.push_back(std::sqrt(mean_size(run, n)));
  Figure figure;
  figure.title = heat_headline(run);
  figure.caption = fmt::format(
      "The side of a square as large as the mean mask. The heat of an output pixel is the mean over {} states of the model's "
      "trajectories of the sum of |dD/dx| over channels; a mask holds the hottest pixels, a fraction of the heat in all.",
      run.request.seeds.size());
  const Series line{"mask", series_style("pspc-flex"), run.result.levels, sides, {}, {}};
  figure.charts = {{line_chart({sigma_axis(run.result.levels),
                                {{{"side of the mean mask, pixels", Scale::kLinear, {}}, {line}, {}, 240}}}),
                    figure.title}};
  figure.numbers = heat_table(run);
  figure.data_file = "heat.csv";
  return figure;
}

// The heat of the pixel in the middle, from black (none) to white (its largest).
std::optional<Figure> heat_figure(const HeatRun& run) {
  const Tensor& heat = run.result.heat;
  const int64_t row = heat.size(1) / 2, column = heat.size(2) / 2;
  std::vector<std::string> captions;
  std::vector<Tensor> maps;
  for (const int64_t n : spread_places(heat.size(0), kHeatPictures)) {
    captions.push_back(format_sigma(run.result.levels[static_cast<size_t>(n)]));
    maps.push_back(heat[n][row][column].unsqueeze(0));
  }
  auto picture = strip_picture({fmt::format("output pixel ({}, {})", row, column),
                                "sigma",
                                captions,
                                {{"heat", scaled_to_largest(torch::stack(maps)).sqrt() * 2 - 1}}});
  if (!picture) return std::nullopt;
  Figure figure;
  figure.title = "What the pixel in the middle depends on";
  figure.caption = "The square root of its heat at every input pixel, white at the largest of each level.";
  figure.pictures = {std::move(*picture)};
  return figure;
}

const std::vector<FigureRow<HeatRun>>& heat_figures() {
  static const std::vector<FigureRow<HeatRun>> rows = {{"Masks", mask_figure}, {"Heat", heat_figure}};
  return rows;
}

std::string heat_summary(const HeatRun& run) {
  std::vector<double> sizes;
  for (size_t n = 0; n < run.result.levels.size(); ++n) sizes.push_back(mean_size(run, n));
  return dump_json(nlohmann::ordered_json{{"states", run.request.seeds.size()},
                                          {"reference", run.inputs.reference},
                                          {"sigmas", run.result.levels},
                                          {"mask_mean", sizes}},
                   2) +
         "\n";
}

Provenance heat_provenance(const HeatRun& run, const RunCall& call) {
  Provenance how;
  how.command = call.command;
  how.asked = {{"model", run.inputs.model_text + " (" + run.inputs.model->info().name + ")"},
               {"reference", run.inputs.reference},
               {"states", fmt::format("{} trajectories, {}", run.request.seeds.size(), run.inputs.solver)}};
  how.settings = {{"batch", std::to_string(run.request.batch)},
                  {"device and precision", call.device + ", " + call.precision},
                  {"time", format_seconds(call.seconds)},
                  {"program", version_line()}};
  return how;
}

}  // namespace

HeatRun run_heat(HeatInputs inputs, SampleRequest request, const PartStore& parts, Comm& comm) {
  const LevelTable fractions = fractions_of(inputs.reference);
  MeasuredHeat result = measure_heat(*inputs.model, *make_solver(inputs.solver), request,
                                     [&](double sigma) { return fractions.at(sigma) < 1; }, parts, comm);
  const auto& shape = inputs.model->info().sample_shape;
  const HeatMaps maps(result.heat, result.levels, {shape[0], shape[1], shape[2]});
  std::vector<Tensor> sizes;
  for (const double sigma : result.levels) {
    sizes.push_back(sizes_of_masks(maps.masks(sigma, fractions.at(sigma)), shape[1], shape[2]));
  }
  return {std::move(inputs), std::move(request), std::move(result), torch::stack(sizes)};
}

std::string heat_headline(const HeatRun& run) {
  const auto pixels = run.result.heat.size(1) * run.result.heat.size(2);
  return fmt::format("From σ = {} down to {} the mean mask goes from {} of {} pixels to {}.",
                     format_sigma(run.result.levels.front()), format_sigma(run.result.levels.back()),
                     format_digits(mean_size(run, 0), 3), pixels,
                     format_digits(mean_size(run, run.result.levels.size() - 1), 3));
}

void save_heat(const HeatRun& run, const RunCall& call, RunInfo info, RunFolder& folder) {
  write_npz(folder.path("heat.npz"),
            {{"heat", run.result.heat}, {"sigma", torch::tensor(run.result.levels, torch::kFloat64)}});
  write_csv(folder.path("heat.csv"), heat_table(run));
  write_file_atomically(folder.path("summary.json"), heat_summary(run));
  Report report("farfield calibrate", "What pixels of " + run.inputs.model->info().name + " depend on",
                heat_headline(run), heat_provenance(run, call));
  report.file("heat.npz", "the heat of every output pixel: heat=FILE of pspc-flex");
  report.file("heat.csv", "the sizes of the masks");
  report.file("summary.json", "the answer's numbers");
  add_figures(report, heat_figures(), run, folder);
  report.write(folder.path("report.html"));
  info.add("config", dump_json(nlohmann::ordered_json{{"model", run.inputs.model_text},
                                                      {"reference", run.inputs.reference},
                                                      {"solver", resolve_solver(run.inputs.solver)},
                                                      {"levels", run.request.levels},
                                                      {"class", run.request.label.value_or(-1)},
                                                      {"batch", run.request.batch},
                                                      {"device", call.device},
                                                      {"precision", call.precision}}));
  info.add_text("headline", heat_headline(run));
  folder.commit(std::move(info));
}

}  // namespace farfield
