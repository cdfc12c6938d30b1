#include "analysis/study/measure_figures.h"

#include <fmt/format.h>

#include "analysis/page/charts.h"
#include "analysis/page/format.h"
#include "analysis/study/measure_agreement.h"
#include "core/text.h"

namespace farfield {
namespace {

constexpr size_t kMostSweepLines = 8;

std::string axis_title(const SetMeasure& measure) {
  return fmt::format("{}, {} is better", measure.words, measure.more_is_better ? "more" : "less");
}

Panel measure_panel(const SetMeasure& measure, std::vector<Series> lines, const std::vector<double>& guides) {
  return {{axis_title(measure), measure.logarithmic ? Scale::kLog : Scale::kLinear, {}}, std::move(lines), guides, 300};
}

// The samples' side and the data's, in a sentence.
std::string measured_of(const StudyStory& story) {
  const SetMeasures& measures = *story.request.measures;
  const Featured& data = measures.data();
  return fmt::format("Of the ends of {} seeds against {}{}, in features '{}'", story.request.seeds.size(), data.text,
                     data.count() > 0 ? fmt::format(" ({} samples)", data.count()) : "", measures.contract().name);
}

// The solvers that the figure of errors shows, each over its best schedule by the measure.
std::optional<Figure> measure_figure(const StudyStory& story, size_t m) {
  const SetMeasure measure = story.measures()[m];
  const auto solvers = shown_solvers(story);
  const auto styles = series_styles(solvers);
  const auto better = [&](const StudyRun& a, const StudyRun& b) {
    return measure.better(a.measures[m], b.measures[m]);
  };
  std::vector<Series> lines;
  std::vector<StudyRun> all;
  std::vector<std::string> words;
  for (size_t i = 0; i < solvers.size(); ++i) {
    const auto runs = over_budgets(story, [&](int64_t budget) {
      const auto which = [&](const StudyRun& run) { return run.solver == solvers[i] && !run.teleported; };
      return nearest_at(story.study, budget, which, better);
    });
    Series line{solvers[i], styles[i], {}, {}, {}, {}};
    for (const StudyRun& run : runs) {
      line.x.push_back(static_cast<double>(run.nfe));
      line.y.push_back(run.measures[m]);
    }
    if (!runs.empty()) words.push_back(fmt::format("{} {}", solvers[i], format_digits(line.y.back(), 3)));
    lines.push_back(std::move(line));
    all.insert(all.end(), runs.begin(), runs.end());
  }
  const double reference = story.study.reference_measures[m];
  Figure figure;
  figure.title = fmt::format("How near each solver comes to the data: the reference's {} is {}", measure.words,
                             format_digits(reference, 3));
  figure.caption = fmt::format(
      "{}. Each solver over its best of {} within the budget, from noise; the thin line is that of "
      "the reference's own ends.",
      measured_of(story), join(story.request.schedules, ", "));
  figure.charts = {
      {line_chart({{"evaluations (NFE)", Scale::kLinear, {}}, {measure_panel(measure, std::move(lines), {reference})}}),
       fmt::format("{} over evaluations. With the most: {}.", measure.words, join(words, ", "))}};
  figure.numbers = run_table(all, story.measure_names());
  return figure;
}

// Over the level that the closed form ends at; the whole run at the first level.
std::optional<Figure> measured_sweep(const StudyStory& story, size_t m) {
  if (story.study.skipped.empty()) return std::nullopt;
  const SetMeasure measure = story.measures()[m];
  std::vector<std::string> labels;
  for (const SkippedRun& run : story.study.skipped) {
    if (run.skip == 0) labels.push_back(run.solver + " over " + run.schedule);
  }
  const auto styles = series_styles(labels);
  std::vector<Series> lines;
  std::vector<double> sigmas;
  const SkippedRun *whole = &story.study.skipped.front(), *best = whole;
  for (const SkippedRun& run : story.study.skipped) {
    if (run.skip == 0 && lines.size() == kMostSweepLines) break;
    if (run.skip == 0) lines.push_back({labels[lines.size()], styles[lines.size()], {}, {}, {}, {}});
    sigmas.push_back(run.sigma_skip);
    lines.back().x.push_back(run.sigma_skip);
    lines.back().y.push_back(run.measures[m]);
    if (lines.size() == 1 && measure.better(run.measures[m], best->measures[m])) best = &run;
  }
  Figure figure;
  figure.title = fmt::format("{} over {}: {} from all {} levels, best {} from σ {} on", whole->solver, whole->schedule,
                             format_digits(whole->measures[m], 3), whole->steps, format_digits(best->measures[m], 3),
                             format_sigma(best->sigma_skip));
  figure.caption = fmt::format(
      "{}: {} when the Gaussian's closed form leaves out the levels above σ. At most {} lines, "
      "teleport_sweep.csv has all.",
      measured_of(story), measure.words, kMostSweepLines);
  figure.charts = {{line_chart({sigma_axis(sigmas), {measure_panel(measure, std::move(lines), {})}}),
                    fmt::format("{} over the level that the closed form ends at; from all levels {}.", measure.words,
                                format_digits(whole->measures[m], 3))}};
  figure.data_file = "teleport_sweep.csv";
  return figure;
}

// rms and the measures, a line a pair.
std::optional<Figure> agreement_figure(const StudyStory& story) {
  const auto measures = story.measures();
  const auto styles = series_styles(story.measure_names());
  std::vector<Series> lines;
  for (size_t m = 0; m < measures.size(); ++m) lines.push_back({measures[m].name, styles[m], {}, {}, {}, {}});
  size_t m = 0;
  for (const MeasureAgreement& one : measure_agreements(story.study, measures)) {
    while (measures[m].name != one.measure) ++m;
    if (!one.nfe) continue;
    lines[m].x.push_back(static_cast<double>(*one.nfe));
    lines[m].y.push_back(one.ranks.spearman);
  }
  const std::string words = measure_agreement_words(story.study, measures);
  Figure figure;
  figure.title = words.empty() ? "There is nothing to rank" : words;
  figure.caption =
      "Spearman's correlation of the ranks among runs of equal evaluations, where three runs or more take them; "
      "Kendall's τ-b is in the table. 1: the same order, the best by rms being the best by the measure.";
  figure.charts = {
      {line_chart({{"evaluations (NFE)", Scale::kLinear, {}},
                   {{{"Spearman's ρ", Scale::kLinear, std::pair(-1.0, 1.0)}, std::move(lines), {0}, 220}}}),
       figure.title + "."}};
  figure.numbers = measure_agreement_table(story.study, measures);
  return figure;
}

}  // namespace

std::string measure_answer(const StudyStory& story) {
  const SetMeasure measure = story.measures().front();
  const int64_t most = story.request.nfe.back();
  const StudyRun* best = nullptr;
  for (const StudyRun& run : story.study.runs) {
    if (run.nfe <= most && (best == nullptr || measure.better(run.measures[0], best->measures[0]))) best = &run;
  }
  const std::string agreement = measure_agreement_words(story.study, story.measures());
  return fmt::format("By {} best: {} over {}{} with {} evaluations ({}; the reference {}).{}", measure.words,
                     best->solver, best->schedule, best->teleported ? ", teleported," : "", best->nfe,
                     format_digits(best->measures[0], 3), format_digits(story.study.reference_measures[0], 3),
                     agreement.empty() ? "" : " " + agreement + ".");
}

std::vector<FigureRow<StudyStory>> measure_figures(const StudyStory& story) {
  const auto measures = story.measures();
  std::vector<FigureRow<StudyStory>> rows;
  if (measures.empty()) return rows;
  for (size_t m = 0; m < measures.size(); ++m) {
    rows.push_back({"Beside the data", [m](const StudyStory& one) {
      return measure_figure(one, m);
    }, "by_" + measures[m].name + ".csv", "each solver's best schedule of every budget by " + measures[m].words});
  }
  rows.push_back({"Beside the data", agreement_figure, "agreement.csv",
                  "rank correlations of rms and the measures, over all runs and by evaluations"});
  for (size_t m = 0; m < measures.size(); ++m)
    rows.push_back({"Levels left out, beside the data", [m](const StudyStory& one) { return measured_sweep(one, m); }});
  return rows;
}

}  // namespace farfield
