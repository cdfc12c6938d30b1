#include "analysis/compare/evaluations_figure.h"

#include <fmt/format.h>

#include "analysis/page/charts.h"
#include "analysis/page/format.h"

namespace farfield {
namespace {

// What the figure shows, in a sentence: the run that saves most, by ratio, against another that comes no nearer.
std::string title_of(const std::vector<RunError>& runs) {
  const RunError *fewer = nullptr, *more = nullptr;
  for (const RunError& a : runs) {
    for (const RunError& b : runs) {
      const bool as_near = a.nfe > 0 && a.nfe < b.nfe && a.error.rms <= b.error.rms;
      if (as_near && (fewer == nullptr || a.nfe * more->nfe < b.nfe * fewer->nfe)) fewer = &a, more = &b;
    }
  }
  if (fewer == nullptr) return "What fewer evaluations cost";
  return fmt::format("Same quality, fewer evaluations: {} with {} comes as near as {} with {}", fewer->name, fewer->nfe,
                     more->name, more->nfe);
}

}  // namespace

Figure evaluations_figure(const std::vector<RunError>& runs, const std::string& teacher) {
  const auto styles = series_styles(std::vector<std::string>(runs.size(), "run"));
  Panel panel{{"distance from the teacher, rms per number", Scale::kLog, {}}, {}, {}, 240};
  Figure figure;
  figure.numbers = Table{.columns = {"run", "how", "NFE", "rms", "rms_low", "rms_high", "seeds"}, .rows = {}};
  std::string words;
  for (size_t i = 0; i < runs.size(); ++i) {
    const RunError& run = runs[i];
    panel.series.push_back(
        {run.name, styles[i], {static_cast<double>(run.nfe)}, {run.error.rms}, {run.error.low}, {run.error.high}});
    figure.numbers.add({run.name, run.how, run.nfe, run.error.rms, run.error.low, run.error.high, run.seeds});
    words += fmt::format("{} {} with {} evaluations; ", run.name, format_digits(run.error.rms, 2), run.nfe);
  }
  figure.title = title_of(runs);
  figure.caption = fmt::format("Root mean square difference from {} over the seeds both have, in units of the data.",
                               teacher);
  figure.charts = {
      {line_chart({{"evaluations (NFE)", Scale::kLinear, {}}, {panel}}), "Distance from the teacher: " + words}};
  return figure;
}

}  // namespace farfield
