#include "analysis/study/study_report.h"

#include <algorithm>

#include <fmt/format.h>

#include "analysis/page/charts.h"
#include "analysis/page/figure_table.h"
#include "analysis/page/format.h"
#include "analysis/study/measure_figures.h"
#include "analysis/study/study.h"
#include "analysis/study/study_grid.h"
#include "analysis/study/teleport_sweep.h"
#include "core/io/npz.h"
#include "core/text.h"

namespace farfield {
namespace {

constexpr size_t kRanks = 5;

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
  const std::vector<SkippedRun>& skipped = story.study.skipped;
  if (skipped.empty()) return std::nullopt;
  std::vector<std::string> labels;
  for (const SkippedRun& run : skipped) {
    if (run.skip == 0) labels.push_back(run.solver + " over " + run.schedule);
  }
  constexpr size_t kMostLines = 8;
  const auto styles = series_styles(labels);
  std::vector<Series> lines;
  std::vector<double> sigmas;
  for (const SkippedRun& run : skipped) {
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
  const SkippedRun& first = skipped.size() > 1 ? skipped[1] : skipped[0];
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
  figure.numbers = skipped_table(skipped, story.measure_names());
  return figure;
}

// The place of a run among those within the budget by a measure, from 1.
int64_t place_by(const SetMeasure& measure, size_t m, const StudyRun& run, const std::vector<const StudyRun*>& fits) {
  return 1 + std::ranges::count_if(
                 fits, [&](const StudyRun* other) { return measure.better(other->measures[m], run.measures[m]); });
}

Table ranking(const StudyStory& story) {
  Table table{.columns = {"NFE", "rank", "solver", "schedule", "start", "steps", "rms", "95 %"}, .rows = {}};
  const auto measures = story.measures();
  for (const SetMeasure& measure : measures) {
    table.columns.push_back(measure.name);
    table.columns.push_back("rank by " + measure.name);
  }
  for (const int64_t budget : story.request.nfe) {
    std::vector<const StudyRun*> fits;
    for (const StudyRun& run : story.study.runs) {
      if (run.nfe <= budget) fits.push_back(&run);
    }
    std::sort(fits.begin(), fits.end(), [](auto* a, auto* b) { return nearer(*a, *b); });
    for (size_t rank = 0; rank < std::min(kRanks, fits.size()); ++rank) {
      const StudyRun& run = *fits[rank];
      std::vector<Cell> row = {
          budget,
          static_cast<int64_t>(rank + 1),
          run.solver,
          run.schedule,
          start_of(run),
          run.steps,
          format_measured(run.error.rms, run.error.low, run.error.high),
          fmt::format("{} … {}", format_digits(run.error.low, 2), format_digits(run.error.high, 2))};
      for (size_t m = 0; m < measures.size(); ++m) {
        row.emplace_back(format_digits(run.measures[m], 4));
        row.emplace_back(place_by(measures[m], m, run, fits));
      }
      table.add(std::move(row));
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
  const std::string nearest = "Nearest to the reference: " + join(parts, "; ") + ".";
  return story.request.measures ? nearest + " " + measure_answer(story) : nearest;
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

void write_study_report(const StudyStory& story, const RunFolder& folder) {
  write_csv(folder.path("study.csv"), study_table(story.study, story.request));
  write_npz(folder.path("study.npz"),
            {{"squares", story.study.squares}, {"seeds", torch::tensor(story.request.seeds, torch::kInt64)}});
  Report report("farfield study", "Solvers and schedules for " + story.model, answer(story),
                {story.command, {}, story.settings});
  report.file("study.csv", "every run: solver, schedule, start, steps, evaluations, error");
  report.file("study.npz", "the mean square of every run and seed");
  report.file("study.json", "the best of every budget, for sample --solver auto");
  report.file("table.csv", "solvers in rows and evaluations in columns");
  report.file("table.md", "the same for a document, the best of every column in bold");
  write_study_grids(story, folder);
  add_figures(report, study_figures(), story, folder);
  add_figures(report, measure_figures(story), story, folder);
  report.section("Which to take");
  report.table(
      ranking(story),
      "The five nearest within each budget. The first is what farfield sample --solver auto --nfe N --study study.json takes.");
  report.write(folder.path("report.html"));
}

}  // namespace farfield
