#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "analysis/quality/set_measures.h"
#include "analysis/stats/rank_correlation.h"
#include "analysis/study/study_types.h"
#include "core/io/rows.h"

namespace farfield {

// Whether the runs of a study are ranked alike by their distance from the teacher (rms) and by a measure against data; 1: alike,
// also for measures of which more is better.
struct MeasureAgreement {
  std::string measure;
  std::optional<int64_t> nfe;  // among runs of as many evaluations; nothing: among all
  int64_t runs = 0;
  RankCorrelation ranks;
};

// Of every measure: all runs first, then each number of evaluations that three runs or more take.
std::vector<MeasureAgreement> measure_agreements(const Study& study, const std::vector<SetMeasure>& measures);

// Columns: measure, nfe ("all" or a number), runs, spearman, kendall (empty where one side is the same for all).
Table measure_agreement_table(const Study& study, const std::vector<SetMeasure>& measures);

// "rms and the Fréchet distance rank the 24 runs with Spearman 0.93 and Kendall 0.80; ..." for the first measure; "" where there is
// nothing to rank.
std::string measure_agreement_words(const Study& study, const std::vector<SetMeasure>& measures);

}  // namespace farfield
