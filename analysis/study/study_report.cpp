#include "analysis/study/study_report.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include <fmt/format.h>

#include "analysis/page/charts.h"
#include "analysis/page/figure_table.h"
#include "analysis/page/format.h"
#include "core/io/npz.h"
#include "core/text.h"

namespace farfield {
namespace {

constexpr size_t kShownSolvers = 6, kRanks = 5;

std::string start_of(const StudyRun& run) { return run.teleported ? "teleported" : "noise"; }

Table run_table(const std::vector<StudyRun>& runs) {
  Table table{.columns = {"solver", "schedule", "start", "steps", "nfe", "rms", "rms_low", "rms_high"}, .rows = {}};
  for (const StudyRun& run : runs) {
    table.add(
        {run.solver, run.schedule, start_of(run), run.steps, run.nfe, run.error.rms, run.error.low, run.error.high});
  }
  return table;
}

// The most evaluations within a budget that runs chosen by `which` take; of those runs the nearest. nullptr when none fits.
const StudyRun* nearest_at(const Study& study, int64_t budget, const std::function<bool(const StudyRun&)>& which) {
  const StudyRun* best = nullptr;
  for (const StudyRun& run : study.runs) {
    if (run.nfe > budget || !which(run)) continue;
    const bool better = best == nullptr || run.nfe > best->nfe ||
                        (run.nfe == best->nfe && run.error.rms < best->error.rms);
    if (better) best = &run;
  }
  return best;
}

// Of a solver from noise, over all schedules.
const StudyRun* best_of(const Study& study, const std::string& solver, int64_t budget) {
  return nearest_at(study, budget, [&](const StudyRun& run) { return run.solver == solver && !run.teleported; });
}

// Solvers by the mean logarithm of their error over the budgets all of them can keep; Euler and Heun always shown last.
std::vector<std::string> shown_solvers(const StudyStory& story) {
  std::vector<std::pair<double, std::string>> ranking;
  for (const auto& solver : story.request.solvers) {
    double sum = 0;
    int64_t count = 0;
    for (const int64_t budget : story.request.nfe) {
      const StudyRun* run = best_of(story.study, solver, budget);
      if (run == nullptr) continue;
      sum += std::log(run->error.rms);
      ++count;
    }
    if (count > 0) ranking.emplace_back(sum / static_cast<double>(count), solver);
  }
  std::sort(ranking.begin(), ranking.end());
  std::vector<std::string> shown;
  for (const auto& [score, solver] : ranking) {
    const bool classic = solver == "euler" || solver == "heun";
    if (shown.size() < kShownSolvers || classic) shown.push_back(solver);
  }
  return shown;
}

// The picked run of every budget that allows more evaluations than the one before.
std::vector<StudyRun> over_budgets(const StudyStory& story,
                                   const std::function<const StudyRun*(int64_t budget)>& pick) {
  std::vector<StudyRun> runs;
  for (const int64_t budget : story.request.nfe) {
    const StudyRun* run = pick(budget);
    if (run != nullptr && (runs.empty() || runs.back().nfe < run->nfe)) runs.push_back(*run);
  }
  return runs;
}

Series series_of(const std::vector<StudyRun>& runs, const std::string& label, const SeriesStyle& style) {
  Series series{label, style, {}, {}, {}, {}};
  for (const StudyRun& run : runs) {
    series.x.push_back(static_cast<double>(run.nfe));
    series.y.push_back(run.error.rms);
    series.low.push_back(run.error.low);
    series.high.push_back(run.error.high);
  }
  return series;
}

Panel error_panel(std::vector<Series> series) {
  return {{"distance from the reference, rms per number", Scale::kLog, {}}, std::move(series), {}, 300};
}

Figure solver_figure(const StudyStory& story) {
  const auto solvers = shown_solvers(story);
  const auto styles = series_styles(solvers);
  std::vector<Series> lines;
  std::vector<std::string> words;
  for (size_t i = 0; i < solvers.size(); ++i) {
    const auto best = [&](int64_t budget) { return best_of(story.study, solvers[i], budget); };
    lines.push_back(series_of(over_budgets(story, best), solvers[i], styles[i]));
    if (!lines.back().y.empty())
      words.push_back(fmt::format("{} {}", solvers[i], format_digits(lines.back().y.back(), 2)));
  }
  Figure figure;
  figure.title = "How near each solver comes";
  figure.caption = fmt::format(
      "Each solver over the best of {} within the budget{}. Bands are 95 % bootstrap intervals over {} seeds.",
      join(story.request.schedules, ", "),
      solvers.size() == story.request.solvers.size() ? ""
                                                     : fmt::format("; the {} best of {} solvers, with Euler and Heun",
                                                                   kShownSolvers, story.request.solvers.size()),
      story.request.seeds.size());
  figure.charts = {{line_chart({{"evaluations (NFE)", Scale::kLinear, {}}, {error_panel(std::move(lines))}}),
                    "Error over evaluations. With the most: " + join(words, ", ") + "."}};
  figure.data_file = "study.csv";
  return figure;
}

std::optional<Figure> schedule_figure(const StudyStory& story) {
  const std::vector<std::string>& schedules = story.request.schedules;
  if (schedules.size() < 2) return std::nullopt;
  const auto styles = series_styles(schedules);
  std::vector<Series> lines;
  std::vector<StudyRun> all;
  std::vector<std::string> words;
  for (size_t i = 0; i < schedules.size(); ++i) {
    const auto runs = over_budgets(story, [&](int64_t budget) {
      return nearest_at(story.study, budget,
                        [&](const StudyRun& run) { return run.schedule == schedules[i] && !run.teleported; });
    });
    lines.push_back(series_of(runs, schedules[i], styles[i]));
    if (!runs.empty()) words.push_back(fmt::format("{} {}", schedules[i], format_digits(runs.back().error.rms, 2)));
    all.insert(all.end(), runs.begin(), runs.end());
  }
  Figure figure;
  figure.title = "How near each schedule comes";
  figure.caption = fmt::format(
      "Each schedule, from noise, with the best of {} solvers within the budget. Bands are 95 % bootstrap intervals over "
      "{} seeds.",
      story.request.solvers.size(), story.request.seeds.size());
  figure.numbers = run_table(all);
  figure.charts = {{line_chart({{"evaluations (NFE)", Scale::kLinear, {}}, {error_panel(std::move(lines))}}),
                    "Error over evaluations, a line a schedule. With the most: " + join(words, ", ") + "."}};
  return figure;
}

std::optional<Figure> teleport_figure(const StudyStory& story) {
  if (!story.request.teleport) return std::nullopt;
  const auto styles = series_styles({"network", "gaussian"});
  std::vector<Series> lines;
  for (const bool teleported : {false, true}) {
    const auto best = [&](int64_t budget) {
      return nearest_at(story.study, budget, [&](const StudyRun& run) { return run.teleported == teleported; });
    };
    lines.push_back(
        series_of(over_budgets(story, best), teleported ? "teleported" : "from noise", styles[teleported ? 1 : 0]));
  }
  Figure figure;
  figure.title = "What the Gaussian saves";
  figure.caption = fmt::format(
      "The best solver and schedule of every budget, from noise and from sigma {} where the Gaussian's closed form "
      "arrives without an evaluation. Both are measured from the network's own solution from noise.",
      format_sigma(story.request.teleport->sigma));
  figure.charts = {{line_chart({{"evaluations (NFE)", Scale::kLinear, {}}, {error_panel(std::move(lines))}}),
                    "The best error over evaluations, from noise and teleported."}};
  figure.data_file = "study.csv";
  return figure;
}

// A line a solver and schedule: of the whole run nothing is left to draw.
std::optional<Figure> skipped_figure(const StudyStory& story) {
  if (story.skipped.empty()) return std::nullopt;
  std::vector<std::string> labels;
  for (const SkippedRun& run : story.skipped) {
    if (run.skip == 0) labels.push_back(run.solver + " over " + run.schedule);
  }
  constexpr size_t kMostLines = 8;
  const auto styles = series_styles(labels);
  std::vector<Series> lines;
  std::vector<double> sigmas;
  for (const SkippedRun& run : story.skipped) {
    if (run.skip == 0 && lines.size() == kMostLines) break;
    if (run.skip == 0) lines.push_back({labels[lines.size()], styles[lines.size()], {}, {}, {}, {}});
    sigmas.push_back(run.sigma_skip);
    if (run.skip == 0) continue;
    Series& line = lines.back();
    line.x.push_back(run.sigma_skip);
    line.y.push_back(run.error.rms);
    line.low.push_back(run.error.low);
    line.high.push_back(run.error.high);
  }
  const SkippedRun& first = story.skipped.size() > 1 ? story.skipped[1] : story.skipped[0];
  Figure figure;
  figure.title = "What skipping the first levels changes";
  figure.caption = fmt::format(
      "Distance of the ends (rms per number) from those of the same solver over all {} steps, when the Gaussian's closed form "
      "leaves out the levels above σ. Bands are 95 % bootstrap intervals over {} seeds; at most {} lines, the table has all.",
      first.steps, story.request.seeds.size(), kMostLines);
  figure.charts = {
      {line_chart({sigma_axis(sigmas), {error_panel(std::move(lines))}}),
       fmt::format("Change over the level that the closed form ends at. {} from σ {}: {} with {} evaluations.",
                   first.solver, format_sigma(first.sigma_skip), format_digits(first.error.rms, 2), first.nfe)}};
  figure.numbers = skipped_table(story.skipped);
  return figure;
}

Table ranking(const StudyStory& story) {
  Table table{.columns = {"NFE", "rank", "solver", "schedule", "start", "steps", "rms", "95 %"}, .rows = {}};
  for (const int64_t budget : story.request.nfe) {
    std::vector<const StudyRun*> fits;
    for (const StudyRun& run : story.study.runs) {
      if (run.nfe <= budget) fits.push_back(&run);
    }
    std::sort(fits.begin(), fits.end(), [](auto* a, auto* b) { return a->error.rms < b->error.rms; });
    for (size_t rank = 0; rank < std::min(kRanks, fits.size()); ++rank) {
      const StudyRun& run = *fits[rank];
      table.add({budget, static_cast<int64_t>(rank + 1), run.solver, run.schedule, start_of(run), run.steps,
                 format_measured(run.error.rms, run.error.low, run.error.high),
                 fmt::format("{} … {}", format_digits(run.error.low, 2), format_digits(run.error.high, 2))});
    }
  }
  return table;
}

std::string answer(const StudyStory& story) {
  std::vector<std::string> parts;
  const std::vector<int64_t>& budgets = story.request.nfe;
  for (const int64_t budget : {budgets.front(), budgets[budgets.size() / 2], budgets.back()}) {
    const StudyRun* best = best_within(story.study, budget, true);
    if (best == nullptr) continue;
    const std::string part = fmt::format("{} over {}{} with {} evaluations ({})", best->solver, best->schedule,
                                         best->teleported ? ", teleported," : "", best->nfe,
                                         format_digits(best->error.rms, 2));
    if (parts.empty() || parts.back() != part) parts.push_back(part);
  }
  return "Nearest to the reference: " + join(parts, "; ") + ".";
}

// Every figure of a study: a new one is a function above and a row here.
const std::vector<FigureRow<StudyStory>>& study_figures() {
  static const std::vector<FigureRow<StudyStory>> rows = {
      {"Error over evaluations", solver_figure},
      {"Error over evaluations", schedule_figure, "schedules.csv",
       "each schedule with the best solver of every budget"},
      {"Error over evaluations", teleport_figure},
      {"Levels left out", skipped_figure, "teleport_sweep.csv", "every number of levels left out by every solver"},
  };
  return rows;
}

}  // namespace

Table study_table(const Study& study) { return run_table(study.runs); }

void write_study_report(const StudyStory& story, const RunFolder& folder) {
  write_csv(folder.path("study.csv"), study_table(story.study));
  write_npz(folder.path("study.npz"),
            {{"squares", story.study.squares}, {"seeds", torch::tensor(story.request.seeds, torch::kInt64)}});
  Report report("farfield study", "Solvers and schedules for " + story.model, answer(story),
                {story.command, {}, story.settings});
  report.file("study.csv", "every run: solver, schedule, start, steps, evaluations, error");
  report.file("study.npz", "the mean square of every run and seed");
  report.file("study.json", "the best of every budget, for sample --solver auto");
  add_figures(report, study_figures(), story, folder);
  report.section("Which to take");
  report.table(
      ranking(story),
      "The five nearest within each budget. The first is what farfield sample --solver auto --nfe N --study study.json takes.");
  report.write(folder.path("report.html"));
}

}  // namespace farfield
