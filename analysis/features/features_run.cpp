#include "analysis/features/features_run.h"

#include <algorithm>

#include <fmt/format.h>

#include "analysis/page/format.h"
#include "core/error.h"
#include "core/math/eigen.h"

namespace farfield {
namespace {

constexpr int64_t kWidestSpectrum = 4096;

// From the features where they are fewer than their dimensions, else from the covariance.
torch::Tensor variances_of(const FeaturesRun& run, const FeatureMoments& moments) {
  if (moments.dim() > kWidestSpectrum) return {};
  const int64_t count = run.featured.count();
  if (!run.featured.has_features() || count > moments.dim()) return covariance_eigen(moments.covariance).values;
  const auto n = static_cast<double>(count);
  const torch::Tensor centred = run.featured.features.to(torch::kFloat64) - moments.mean;
  return rows_eigen(centred).values * (n / (n - 1));
}

// How many leading directions hold this share of the variance.
int64_t directions_for(const torch::Tensor& variances, double share) {
  const torch::Tensor sums = variances.cumsum(0);
  return 1 + (sums < share * sums[-1]).sum().item<int64_t>();
}

}  // namespace

FeaturesRun run_features(const FeaturesInputs& inputs, const PartStore& parts, Comm& comm) {
  FeaturesRun run;
  const auto* text = std::get_if<std::string>(&inputs.samples);
  run.featured = text != nullptr ? read_featured(*text, inputs.asked, inputs.options, inputs.batch, parts, comm)
                                 : feature_samples(std::get<SampleSource>(inputs.samples), inputs.asked, inputs.options,
                                                   inputs.batch, parts, comm);
  if (inputs.options.reference) run.reference = inputs.options.reference->info().name;
  return run;
}

FeaturesRun merge_features(const std::vector<std::string>& files) {
  if (files.size() < 2)
    throw usage_error(fmt::format("merging takes two files of features or moments or more, got {}", files.size()));
  FeaturesRun run;
  FeatureMoments all;
  for (const std::string& file : files) {
    const FeatureMoments one = read_featured(file, "", {}).moments();
    all = all.mean.defined() ? merge(all, one) : one;
  }
  run.featured.text = fmt::format("{} files", files.size());
  run.featured.contract = all.contract;
  run.featured.known_moments = std::move(all);
  run.merged = files;
  return run;
}

FeaturesSummary summarise_features(const FeaturesRun& run) {
  FeaturesSummary summary{run.featured.moments(), {}};
  summary.variances = variances_of(run, summary.moments);
  return summary;
}

std::string spread_words(const FeaturesSummary& summary) {
  const torch::Tensor& variances = summary.variances;
  if (!variances.defined() || variances.numel() == 0 || variances[0].item<double>() <= 0) return "";
  return fmt::format("half of their variance lies in {} of the directions, 99 % in {}", directions_for(variances, 0.5),
                     directions_for(variances, 0.99));
}

std::string features_headline(const FeaturesRun& run, const FeaturesSummary& summary) {
  const std::string spread = spread_words(summary);
  return fmt::format("{} samples; {}{}.", run.featured.count(), words_of(run.featured.contract),
                     spread.empty() ? "" : "; " + spread);
}

Table spectrum_table(const FeaturesSummary& summary) {
  Table table{.columns = {"component", "variance", "explained"}, .rows = {}};
  if (!summary.variances.defined()) return table;
  const double total = summary.variances.sum().item<double>();
  double sum = 0;
  for (int64_t i = 0; i < summary.variances.numel(); ++i) {
    const double variance = summary.variances[i].item<double>();
    sum += variance;
    table.add({i + 1, variance, total > 0 ? Cell(sum / total) : Cell(1.0)});
  }
  return table;
}

}  // namespace farfield
