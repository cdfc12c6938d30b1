#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "analysis/page/charts.h"
#include "analysis/page/figure_table.h"
#include "analysis/page/format.h"
#include "analysis/page/pair_grid.h"
#include "analysis/page/part_series.h"
#include "analysis/similarity/similarity_run.h"
#include "core/io/json.h"
#include "core/io/npz.h"
#include "core/run/run_info.h"

namespace farfield {
namespace {

using torch::Tensor;

constexpr int64_t kShownPairs = 8;

std::string distance_word(const SimilarityRun& run) {
  return run.perceptual() ? "perceptual distance" : "mean squared error";
}

std::optional<Figure> part_figure(const std::string& word, const Tensor& distances) {
  if (distances.numel() < 2) return std::nullopt;
  const Average average = average_of(distances);
  const Series series = part_series(word, series_style(word), distances);
  Figure figure;
  figure.title = fmt::format("The {} is {} on average (95 %: {} to {})", word,
                             format_measured(average.mean, average.low, average.high), format_digits(average.low, 4),
                             format_digits(average.high, 4));
  figure.caption = fmt::format("Part of the {} pairs that are nearer to each other than the value on the axis.",
                               average.count);
  figure.numbers = {.columns = {"distance", "part"}, .rows = {}};
  for (size_t i = 0; i < series.x.size(); ++i) figure.numbers.add({series.x[i], series.y[i]});
  figure.charts = {{line_chart({{word, Scale::kLinear, {}},
                                {{{"part of the pairs", Scale::kLinear, std::pair(0.0, 1.02)}, {series}, {}, 200}}}),
                    figure.title + "."}};
  figure.data_file = "similarity.csv";
  return figure;
}

std::optional<Figure> error_figure(const SimilarityRun& run) { return part_figure("mean squared error", run.mse); }

std::optional<Figure> perceptual_figure(const SimilarityRun& run) {
  return run.perceptual() ? part_figure("perceptual distance", run.distance()) : std::nullopt;
}

// Samples of a above their partners of b, a column a pair.
std::string partners_png(const SimilarityRun& run, const Tensor& pairs) {
  Tensors above, below;
  for (int64_t i = 0; i < pairs.numel(); ++i) {
    const int64_t pair = pairs[i].item<int64_t>();
    above.push_back(run.inputs.a.rows(pair, 1));
    below.push_back(run.inputs.b.rows(run.partner[pair].item<int64_t>(), 1));
  }
  return pair_grid_png(torch::cat(above), torch::cat(below));
}

std::optional<Figure> pairs_figure(const SimilarityRun& run) {
  if (!run.inputs.a.images()) return std::nullopt;
  const Tensor distance = run.distance(), order = distance.argsort(/*stable=*/true, 0, /*descending=*/false);
  const int64_t count = distance.numel(), shown = std::min(kShownPairs, count);
  const Tensor nearest = order.narrow(0, 0, shown), farthest = order.narrow(0, count - shown, shown).flip(0);
  const auto words = [&](const char* which, const Tensor& pairs) {
    return fmt::format("{}: {} {} to {}", which, distance_word(run),
                       format_digits(distance[pairs[0]].item<double>(), 3),
                       format_digits(distance[pairs[pairs.numel() - 1]].item<double>(), 3));
  };
  Figure figure;
  figure.title = fmt::format("The nearest pairs are {} apart, the farthest {}",
                             format_digits(distance[nearest[0]].item<double>(), 3),
                             format_digits(distance[farthest[0]].item<double>(), 3));
  figure.caption = fmt::format("{} pairs each, by {}: above {}, below {}.", shown, distance_word(run),
                               run.inputs.a.text(), run.inputs.b.text());
  figure.data_file = "similarity.csv";
  figure.pictures = {
      {partners_png(run, nearest), words("nearest", nearest), "nearest", {words("from the left", nearest)}},
      {partners_png(run, farthest), words("farthest", farthest), "farthest", {words("from the left", farthest)}}};
  return figure;
}

const std::vector<FigureRow<SimilarityRun>>& similarity_figures() {
  static const std::string kDistances = "Distances", kPairs = "Pairs";
  static const std::vector<FigureRow<SimilarityRun>> rows = {
      {kDistances, perceptual_figure}, {kDistances, error_figure}, {kPairs, pairs_figure}};
  return rows;
}

Facts similarity_facts(const SimilarityRun& run) {
  const SimilarityInputs& inputs = run.inputs;
  Facts facts = {{"a", inputs.a.text()}, {"b", inputs.b.text()}, {"pairs", std::to_string(run.mse.numel())}};
  const bool seeded = inputs.a.seeds().defined() && inputs.b.seeds().defined();
  facts.emplace_back("paired", seeded ? "by their seeds" : "in their order");
  if (run.perceptual()) {
    const FeatureContract& contract = run.contract;
    facts.emplace_back("network", fmt::format("{}, {} maps", inputs.features, run.maps.size(1)));
    facts.emplace_back("images",
                       contract.quantised ? "as bytes: clip(127.5 x + 128, 0, 255), truncated" : "as they are");
    facts.emplace_back("resize", resize_words(contract));
    facts.emplace_back("SHA-256", contract.sha256);
  }
  return facts;
}

void write_similarity_files(const SimilarityRun& run, Report& report, const RunFolder& folder) {
  write_csv(folder.path("similarity.csv"), similarity_table(run));
  report.file("similarity.csv", "the distances of every pair");
  std::map<std::string, Tensor> arrays = {{"partner", run.partner}, {"mse", run.mse}};
  if (run.inputs.a.seeds().defined()) arrays.emplace("seeds", run.inputs.a.seeds());
  if (run.perceptual()) {
    arrays.emplace("perceptual", run.distance());
    arrays.emplace("maps", run.maps);
  }
  write_npz(folder.path("similarity.npz"), arrays);
  report.file("similarity.npz", "the same as arrays, with the share of every map");
}

}  // namespace

std::string save_similarity(const SimilarityRun& run, const RunCall& call, RunInfo info, RunFolder& folder) {
  const std::string headline = similarity_headline(run);
  Report report("farfield similarity", "Samples against samples, pair by pair", headline,
                {call.command,
                 similarity_facts(run),
                 {{"mean squared error", "over the numbers of a sample, in the model's units"},
                  {"device", call.device},
                  {"time", format_seconds(call.seconds)},
                  {"program", version_line()}}});
  write_similarity_files(run, report, folder);
  add_figures(report, similarity_figures(), run, folder);
  report.write(folder.path("report.html"));
  info.add_text("a", run.inputs.a.text());
  info.add_text("b", run.inputs.b.text());
  info.add_text("fingerprint_a", run.inputs.a.fingerprint());
  info.add_text("fingerprint_b", run.inputs.b.fingerprint());
  info.add_text("features", run.inputs.features);
  if (run.perceptual()) info.add("contract", contract_json(run.contract));
  info.add_text("headline", headline);
  folder.commit(std::move(info));
  return headline;
}

}  // namespace farfield
