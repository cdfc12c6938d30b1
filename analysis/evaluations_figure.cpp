#include "analysis/evaluations_figure.h"

#include <algorithm>

#include <fmt/format.h>

#include "analysis/charts.h"
#include "analysis/format.h"

namespace farfield {
namespace {

// What the figure shows, in a sentence: the fewest evaluations that come at least as near as the run with the most.
std::string title_of(const std::vector<RunError>& runs) {
  const auto by_nfe = [](const RunError& a, const RunError& b) { return a.nfe < b.nfe; };
  const RunError& most = *std::max_element(runs.begin(), runs.end(), by_nfe);
  const RunError* fewest = nullptr;
  for (const RunError& run : runs) {
    const bool as_near = run.nfe < most.nfe && run.error.rms <= most.error.rms;
    if (as_near && (fewest == nullptr || run.nfe < fewest->nfe)) fewest = &run;
  }
  if (fewest == nullptr) return "What fewer evaluations cost";
  return fmt::format("Same quality, fewer evaluations: {} with {} comes as near as {} with {}", fewest->name, fewest->nfe,
                     most.name, most.nfe);
}

}  // namespace

Figure evaluations_figure(const std::vector<RunError>& runs, const std::string& teacher) {
  std::vector<std::string> names;
  for (const RunError& run : runs) names.push_back(run.name);
  const auto styles = series_styles(names);
  Panel panel{{"distance from the teacher, rms per number", Scale::kLog, {}}, {}, {}, 240};
  Figure figure;
  figure.numbers = Table{.columns = {"run", "how", "NFE", "rms", "rms_low", "rms_high", "seeds"}, .rows = {}};
  std::string words;
  for (size_t i = 0; i < runs.size(); ++i) {
    const RunError& run = runs[i];
    panel.series.push_back({run.name, styles[i], {static_cast<double>(run.nfe)}, {run.error.rms}, {run.error.low}, {run.error.high}});
    figure.numbers.add({run.name, run.how, run.nfe, run.error.rms, run.error.low, run.error.high, run.seeds});
    words += fmt::format("{} {} with {} evaluations; ", run.name, format_digits(run.error.rms, 2), run.nfe);
  }
  figure.title = title_of(runs);
  figure.caption = fmt::format("Root mean square difference from {} over the seeds both have, in units of the data.", teacher);
  figure.charts = {{line_chart({{"evaluations (NFE)", Scale::kLinear, {}}, {panel}}), "Distance from the teacher: " + words}};
  return figure;
}

}  // namespace farfield
