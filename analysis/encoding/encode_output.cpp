#include <algorithm>
#include <cmath>
#include <map>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "analysis/encoding/encode_run.h"
#include "analysis/page/charts.h"
#include "analysis/page/figure_table.h"
#include "analysis/page/format.h"
#include "analysis/page/report.h"
#include "analysis/page/strips.h"
#include "analysis/paths/curve.h"
#include "core/io/json.h"
#include "core/io/npz.h"
#include "core/text.h"

namespace farfield {
namespace {

using nlohmann::ordered_json;

constexpr int64_t kEncodingsShown = 9;

ordered_json average_json(const torch::Tensor& values) {
  const Average average = average_of(values);
  return {{"mean", average.mean}, {"std", average.std}, {"low", average.low}, {"high", average.high}};
}

std::string with_interval(const torch::Tensor& values) {
  const Average average = average_of(values);
  return format_measured(average.mean, average.low, average.high);
}

// "b.safetensors 0.13 (cosine 0.991)"
std::string how_far(const OtherEncoding& other) {
  return fmt::format("{} {} (cosine {})", other.name, with_interval(other.rms), with_interval(other.cosine));
}

std::string encoding_headline(const EncodeRun& run) {
  std::vector<std::string> words;
  for (const OtherEncoding& other : run.others) words.push_back(how_far(other));
  return fmt::format("Root mean square distance of the latents of {} from those of: {}.", run.inputs.model->info().name,
                     join(words, "; "));
}

// The values of all samples in order, over the share of samples that are below.
Series quantiles(const OtherEncoding& other, const SeriesStyle& style, const torch::Tensor& values) {
  const torch::Tensor sorted = std::get<0>(values.masked_select(values.isfinite()).sort());
  Series series{other.name, style, {}, {}, {}, {}};
  for (int64_t i = 0; i < sorted.size(0); ++i) {
    series.x.push_back((static_cast<double>(i) + 0.5) / static_cast<double>(sorted.size(0)));
    series.y.push_back(sorted[i].item<double>());
  }
  return series;
}

std::optional<Figure> encoding_figure(const EncodeRun& run) {
  std::vector<std::string> kinds;
  for (const OtherEncoding& other : run.others) kinds.push_back(other.kind);
  const std::vector<SeriesStyle> styles = series_styles(kinds);
  std::vector<Series> rms, cosine;
  for (size_t i = 0; i < run.others.size(); ++i) {
    rms.push_back(quantiles(run.others[i], styles[i], run.others[i].rms));
    cosine.push_back(quantiles(run.others[i], styles[i], run.others[i].cosine));
  }
  const auto numbers = static_cast<double>(run.latents[0].numel());
  Figure figure;
  figure.title = encoding_headline(run);
  figure.caption = fmt::format(
      "Latents z = x(σ_0)/σ_0 of the same {} samples, carried from σ = {} to {} by {}; per sample, in order. Latents that have "
      "nothing to do with each other are √2 apart, their cosine is 0 ± {}. 000 (theorem 1) expects one encoding for all models "
      "that have converged on the same data, the exact denoiser's. That one leaves a point of its own data where it is until the "
      "noise reaches the next ones, so that such latents are small and no noise; a network, which smooths, makes noise of them.",
      run.clean.size(0), format_sigma(run.options.levels.back()), format_sigma(run.options.levels.front()),
      run.inputs.solver, format_digits(1 / std::sqrt(numbers), 2));
  figure.charts = {{line_chart({{"share of samples", Scale::kLinear, std::pair{0., 1.}},
                                {{{"root mean square difference of z", Scale::kLinear, {}}, rms, {}, 190},
                                 {{"cosine between the two latents", Scale::kLinear, {}}, cosine, {}, 190}}}),
                    encoding_headline(run)}};
  figure.numbers = encoding_table(run);
  figure.data_file = "encodings.csv";
  return figure;
}

std::optional<Figure> encoding_strip(const EncodeRun& run) {
  if (run.clean.dim() != 4) return std::nullopt;
  const int64_t shown = std::min(kEncodingsShown, run.clean.size(0));
  Strip strip{"", "sample", {}, {{"data", run.clean.narrow(0, 0, shown)}, {"z", run.latents.narrow(0, 0, shown)}}};
  for (int64_t i = 0; i < shown; ++i) strip.columns.push_back(std::to_string(i));
  for (const OtherEncoding& other : run.others) {
    const torch::Tensor theirs = other.latents.narrow(0, 0, shown);
    strip.rows.push_back({"z of " + other.name, theirs});
    strip.rows.push_back({"difference, scaled", scaled_to_largest(run.latents.narrow(0, 0, shown) - theirs)});
  }
  Figure figure;
  figure.title = "The data, their latents, and where these differ";
  figure.caption = "Latents from −1 (black) to 1 (white); differences divided by their largest absolute value.";
  figure.pictures = {*strip_picture(strip)};
  return figure;
}

const std::vector<FigureRow<EncodeRun>>& encode_figures() {
  static const std::vector<FigureRow<EncodeRun>> rows = {{"Latents of the same data", encoding_figure},
                                                         {"Latents of the same data", encoding_strip}};
  return rows;
}

Provenance encode_provenance(const EncodeRun& run, const RunCall& call) {
  const DataInfo& data = run.inputs.data->info();
  Provenance how;
  how.command = call.command;
  how.asked = {{"model", run.inputs.model_text + " (" + run.inputs.model->info().name + ")"},
               {"data", fmt::format("{}, {} samples", data.name, data.count)}};
  for (const OtherEncoding& other : run.others) how.asked.emplace_back("against", other.name);
  how.settings = {{"solver", fmt::format("{} over {} steps, {} evaluations up", run.inputs.solver,
                                         run.options.levels.size() - 1, run.nfe)},
                  {"round trip", "rms error " + format_digits(round_trip_rms(run), 3)},
                  {"batch", std::to_string(run.options.batch)},
                  {"device and precision", call.device + ", " + call.precision},
                  {"time", format_seconds(call.seconds)},
                  {"program", version_line()}};
  return how;
}

void write_encoding_page(const EncodeRun& run, const RunCall& call, const RunFolder& folder) {
  write_csv(folder.path("encodings.csv"), encoding_table(run));
  Report report("farfield encode", "One encoding? The latents of the same data", encoding_headline(run),
                encode_provenance(run, call));
  report.file("encodings.csv", "difference and cosine of every sample");
  report.file("latents.npz", "all latents");
  add_figures(report, encode_figures(), run, folder);
  report.write(folder.path("report.html"));
}

}  // namespace

std::string encode_result_json(const EncodeRun& run) {
  ordered_json result = {{"samples", run.clean.size(0)},
                         {"nfe_per_sample", run.nfe},
                         {"seconds", run.seconds},
                         {"back_nfe_per_sample", run.back.nfe},
                         {"back_seconds", run.back.seconds},
                         {"rms_error", round_trip_rms(run)},
                         {"max_error", (run.back.x - run.clean).abs().max().item<double>()}};
  for (const OtherEncoding& other : run.others) {
    result[other.role] = {
        {"name", other.name}, {"rms", average_json(other.rms)}, {"cosine", average_json(other.cosine)}};
  }
  return dump_json(result);
}

Table encoding_table(const EncodeRun& run) {
  Table table;
  table.columns = {"sample", "label"};
  for (const OtherEncoding& other : run.others) {
    table.columns.push_back("rms_" + other.role);
    table.columns.push_back("cosine_" + other.role);
  }
  for (int64_t i = 0; i < run.clean.size(0); ++i) {
    std::vector<Cell> row = {i, run.classes.defined() ? Cell(run.classes[i].item<int64_t>()) : Cell()};
    for (const OtherEncoding& other : run.others) {
      const double cosine = other.cosine[i].item<double>();
      row.emplace_back(other.rms[i].item<double>());
      row.push_back(std::isfinite(cosine) ? Cell(cosine) : Cell());
    }
    table.add(std::move(row));
  }
  return table;
}

void save_encode(const EncodeRun& run, const RunCall& call, RunInfo info, RunFolder& folder) {
  std::map<std::string, torch::Tensor> arrays = {{"latents", run.latents},
                                                 {"round_trip", run.back.x},
                                                 {"sigma", torch::tensor(run.options.levels.front(), torch::kFloat64)}};
  if (run.classes.defined()) arrays["labels"] = run.classes;
  for (const OtherEncoding& other : run.others) {
    arrays["latents_" + other.role] = other.latents;
    arrays["rms_" + other.role] = other.rms;
    arrays["cosine_" + other.role] = other.cosine;
  }
  const DataInfo& data = run.inputs.data->info();
  info.add_text("data", data.name);
  info.add_text("data_fingerprint", data.fingerprint);
  info.add("data_left_out", dump_json(to_json(data.notes.left_out)));
  info.add("levels", dump_json(ordered_json(run.options.levels)));
  info.add("result", encode_result_json(run));
  write_npz(folder.path("latents.npz"), arrays);
  if (!run.others.empty()) write_encoding_page(run, call, folder);
  folder.commit(std::move(info));
}

}  // namespace farfield
