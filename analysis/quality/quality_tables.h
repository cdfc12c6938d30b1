#pragma once

#include <optional>
#include <string>
#include <vector>

#include "analysis/quality/quality.h"
#include "core/io/rows.h"

namespace farfield {

// A number of a block, with its 95 % interval where it has one.
struct QualityNumber {
  std::string measure;  // as in quality.csv
  double value = 0;
  std::optional<double> low, high;
  int64_t count = 0;  // samples that it is of
};
std::vector<QualityNumber> numbers_of(const QualityBlock& block);

// One measure of all blocks.
struct QualityAcross {
  std::string measure;
  std::vector<QualityNumber> of_block;
  double mean = 0, least = 0;
};
// In the order of the measures.
std::vector<QualityAcross> across_blocks(const QualityRun& run);

// Columns measure, block (its number from 1, or mean, least where there are several), value, low, high (empty without an interval), n.
Table quality_table(const QualityRun& run);
// The same for people: a row a measure. Of one block its value and interval, of several mean, least and the first blocks'.
Table quality_page_table(const QualityRun& run);
// Columns block, sample (its place in the run), seed (empty without), nearest (of the reference), d1, d2, ratio, authentic (1 or 0),
// realism: of the samples whose pairs were looked at. No rows without precision and memorisation.
Table quality_samples_table(const QualityRun& run);
// Columns block, samples, fd, fitted: FD_N of every number of samples and the line through them.
Table frechet_infinity_table(const QualityRun& run);

std::string quality_headline(const QualityRun& run);
// The features' own name, "pca:64"; "the files' features" where nobody says.
std::string features_word(const QualityRun& run);
// All measures by name, the sets and the warnings as JSON.
std::string quality_summary(const QualityRun& run);

}  // namespace farfield
