#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "analysis/compare/trajectories.h"
#include "analysis/page/charts.h"
#include "core/io/rows.h"

namespace farfield {

// Where a path's D, or its end, was held beside the model's.
enum class Pairing { kAlong, kFreeRunning, kEnds };
std::string_view to_string(Pairing pairing);  // "along", "free", "ends"

// One measure of one path at one level, summed up over the seeds that have a value; the interval is that of the mean.
struct AgreementRow {
  Pairing pairing;
  int64_t path, measure;
  std::optional<double> sigma;  // nothing: of the ends
  int64_t samples;
  double mean, low, high;
  double median, q25, q75;
};

// In the order pairing, path, measure, sigma; what no seed has a value of is left out.
std::vector<AgreementRow> summarise_agreement(const Trajectories& trajectories);

// agreement.csv: pairing, reference, sigma (empty: the final samples), measure, samples, mean, low, high, median, q25, q75.
Table agreement_table(const Trajectories& trajectories, const std::vector<AgreementRow>& rows);

}  // namespace farfield
