#include "analysis/study/measure_agreement.h"

#include <cmath>
#include <set>

#include <fmt/format.h>

#include "analysis/page/format.h"
#include "analysis/stats/ratio_cell.h"

namespace farfield {
namespace {

constexpr int64_t kLeastRuns = 3;

MeasureAgreement agreement_among(const Study& study, size_t m, const SetMeasure& measure, std::optional<int64_t> nfe) {
  std::vector<double> rms, values;
  for (const StudyRun& run : study.runs) {
    if (nfe && run.nfe != *nfe) continue;
    rms.push_back(run.error.rms);
    values.push_back(measure.more_is_better ? -run.measures[m] : run.measures[m]);
  }
  return {measure.name, nfe, static_cast<int64_t>(rms.size()),
          rank_correlation(torch::tensor(rms, torch::kFloat64), torch::tensor(values, torch::kFloat64))};
}

}  // namespace

std::vector<MeasureAgreement> measure_agreements(const Study& study, const std::vector<SetMeasure>& measures) {
  std::set<int64_t> evaluations;
  for (const StudyRun& run : study.runs) evaluations.insert(run.nfe);
  std::vector<MeasureAgreement> all;
  for (size_t m = 0; m < measures.size(); ++m) {
    all.push_back(agreement_among(study, m, measures[m], std::nullopt));
    for (const int64_t nfe : evaluations) {
      auto some = agreement_among(study, m, measures[m], nfe);
      if (some.runs >= kLeastRuns) all.push_back(std::move(some));
    }
  }
  return all;
}

Table measure_agreement_table(const Study& study, const std::vector<SetMeasure>& measures) {
  Table table{.columns = {"measure", "nfe", "runs", "spearman", "kendall"}, .rows = {}};
  for (const MeasureAgreement& one : measure_agreements(study, measures)) {
    Cell nfe = "all";
    if (one.nfe) nfe = *one.nfe;
    table.add({one.measure, std::move(nfe), one.runs, ratio_cell(one.ranks.spearman), ratio_cell(one.ranks.kendall)});
  }
  return table;
}

std::string measure_agreement_words(const Study& study, const std::vector<SetMeasure>& measures) {
  const SetMeasure& measure = measures.front();
  const auto all = measure_agreements(study, {measure});
  if (std::isnan(all.front().ranks.spearman)) return "";
  std::string words = fmt::format("rms and {} rank the {} runs with Spearman {} and Kendall {}", measure.words,
                                  all.front().runs, format_digits(all.front().ranks.spearman, 2),
                                  format_digits(all.front().ranks.kendall, 2));
  double spearman = 0, kendall = 0;
  int64_t groups = 0;
  for (const MeasureAgreement& one : all) {
    if (!one.nfe || std::isnan(one.ranks.spearman)) continue;
    spearman += one.ranks.spearman, kendall += one.ranks.kendall;
    ++groups;
  }
  if (groups > 0)
    words += fmt::format("; among runs of equal evaluations, on average, {} and {}",
                         format_digits(spearman / static_cast<double>(groups), 2),
                         format_digits(kendall / static_cast<double>(groups), 2));
  return words;
}

}  // namespace farfield
