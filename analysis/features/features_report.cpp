#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "analysis/features/features_run.h"
#include "analysis/page/charts.h"
#include "analysis/page/figure_table.h"
#include "analysis/page/format.h"
#include "core/io/json.h"
#include "core/run/run_info.h"
#include "core/text.h"

namespace farfield {
namespace {

struct FeaturesView {
  const FeaturesRun& run;
  const FeaturesSummary& summary;
};

constexpr double kRounding = 1e-12;  // of the largest variance: below it there is none

// The directions with a variance, the widest first.
Series variance_series(const torch::Tensor& variances) {
  Series series{"variance", series_style("features"), {}, {}, {}, {}};
  for (int64_t i = 0; i < variances.numel(); ++i) {
    series.x.push_back(static_cast<double>(i + 1));
    series.y.push_back(variances[i].item<double>());
    if (series.y.back() <= kRounding * series.y.front()) series.y.back() = 0;  // which a logarithmic axis leaves out
  }
  return series;
}

std::optional<Figure> spectrum_figure(const FeaturesView& view) {
  const torch::Tensor& variances = view.summary.variances;
  const std::string spread = spread_words(view.summary);
  if (spread.empty() || variances.numel() < 2) return std::nullopt;
  Figure figure;
  figure.title = "Of all features " + spread;
  figure.caption = fmt::format(
      "Variance of the features along the eigenvectors of their covariance (divisor n - {}), {} samples. A Fréchet distance "
      "compares two such covariances and their means.",
      view.summary.moments.ddof, view.run.featured.count());
  figure.numbers = spectrum_table(view.summary);
  figure.charts = {{line_chart({{"direction, the widest first", Scale::kLog, {}},
                                {{{"variance", Scale::kLog, {}}, {variance_series(variances)}, {}}}}),
                    figure.title + "."}};
  return figure;
}

const std::vector<FigureRow<FeaturesView>>& features_figures() {
  static const std::vector<FigureRow<FeaturesView>> rows = {
      {"How the features spread", spectrum_figure, "spectrum.csv", "the variance along every direction"}};
  return rows;
}

std::string channels_word(const FeatureContract& contract) {
  return contract.channels == 0
             ? "as the images have"
             : fmt::format("{}{}", contract.channels, contract.channels == 3 ? ", grey repeated" : "");
}

Facts contract_facts(const FeatureContract& contract) {
  if (!contract.known()) return {{"features", "a file that does not say how they were made"}};
  Facts facts = {
      {"features", fmt::format("{}, {} numbers", contract.name, contract.dim)},
      {"quantisation", contract.quantised ? "images become bytes first: clip(127.5 x + 128, 0, 255), truncated"
                                          : "none: images as they are"},
      {"input", fmt::format("{}, {:g} to {:g}", contract.dtype, contract.low, contract.high)},
      {"channels", channels_word(contract)},
      {"resize", resize_words(contract)}};
  if (!contract.output.empty()) facts.emplace_back("output", contract.output);
  if (!contract.sha256.empty()) facts.emplace_back("SHA-256", contract.sha256);
  return facts;
}

Facts asked_facts(const FeaturesRun& run) {
  Facts facts = {{run.merged.empty() ? "samples" : "merged",
                  fmt::format("{}, {} of them", run.merged.empty() ? run.featured.text : join(run.merged, ", "),
                              run.featured.count())}};
  for (const auto& fact : contract_facts(run.featured.contract)) facts.push_back(fact);
  if (!run.reference.empty()) facts.emplace_back("reference", run.reference);
  return facts;
}

void write_feature_files(const FeaturesView& view, Report& report, const RunFolder& folder) {
  const Featured& featured = view.run.featured;
  if (featured.has_features()) {
    write_features(folder.path("features.npz"), featured.features, featured.contract);
    report.file("features.npz", "the features of every sample, and how they were made");
  }
  write_feature_moments(folder.path("moments.npz"), view.summary.moments);
  report.file("moments.npz", "their mean and covariance: mu, sigma");
}

}  // namespace

std::string save_features(const FeaturesRun& run, const RunCall& call, RunInfo info, RunFolder& folder) {
  const FeaturesSummary summary = summarise_features(run);
  const std::string headline = features_headline(run, summary);
  const FeaturesView view{run, summary};
  Report report("farfield features", "Features of samples", headline,
                {call.command,
                 asked_facts(run),
                 {{"moments", fmt::format("float64, divisor n - {}", summary.moments.ddof)},
                  {"device", call.device},
                  {"time", format_seconds(call.seconds)},
                  {"program", version_line()}}});
  write_feature_files(view, report, folder);
  add_figures(report, features_figures(), view, folder);
  report.write(folder.path("report.html"));
  info.add_text("samples", run.featured.text);
  info.add_text("fingerprint", run.featured.fingerprint);
  info.add("contract", contract_json(run.featured.contract));
  info.add("samples_count", std::to_string(run.featured.count()));
  if (!run.reference.empty()) info.add_text("reference", run.reference);
  if (!run.merged.empty()) info.add("merged", dump_json(nlohmann::ordered_json(run.merged)));
  info.add_text("headline", headline);
  folder.commit(std::move(info));
  return headline;
}

}  // namespace farfield
