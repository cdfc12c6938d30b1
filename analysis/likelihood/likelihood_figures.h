#pragma once

#include <optional>

#include "analysis/likelihood/likelihood_tables.h"
#include "analysis/page/report.h"

namespace farfield {

// The figures of `farfield likelihood`, each a row of the table in likelihood_output.cpp.
struct LikelihoodView {
  const LikelihoodRun& run;
  const LikelihoodSummary& summary;
};

std::optional<Figure> bits_figure(const LikelihoodView& view);       // every measure with its interval
std::optional<Figure> histogram_figure(const LikelihoodView& view);  // samples of either set over bits per dimension
std::optional<Figure> growth_figure(const LikelihoodView& view);     // where the likelihood comes from

}  // namespace farfield
