#include "analysis/study/gits_report.h"

#include <algorithm>

#include <fmt/format.h>

#include "analysis/page/charts.h"
#include "analysis/page/figure_table.h"
#include "analysis/page/format.h"
#include "core/text.h"

namespace farfield {
namespace {

const std::vector<std::string> kSchedules = {"gits", "polynomial", "logsnr"};

// The one that is drawn where one stands for all: in the middle.
const GitsSchedule& shown_schedule(const GitsStory& story) {
  return story.file.schedules[story.file.schedules.size() / 2];
}

const StudentError& error_of(const GitsStory& story, int64_t nfe, const std::string& schedule) {
  return *std::find_if(story.errors.begin(), story.errors.end(),
                       [&](const StudentError& error) { return error.nfe == nfe && error.schedule == schedule; });
}

std::string answer(const GitsStory& story) {
  const int64_t nfe = shown_schedule(story).nfe;
  std::vector<std::string> parts;
  for (const auto& name : kSchedules) {
    const StudentError& error = error_of(story, nfe, name);
    parts.push_back(fmt::format("{} with {}", format_measured(error.rms, error.low, error.high),
                                name == "gits" ? "the schedule found here" : name));
  }
  return fmt::format("With {} evaluations the distance of {} from the teacher is {} (root mean square per number).",
                     nfe, story.student, join(parts, ", "));
}

Table cost_table(const GitsFile& file) {
  Table table{.columns = {"from", "to", "sigma_from", "sigma_to", "cost"}, .rows = {}};
  for (size_t i = 0; i < file.costs.size(); ++i) {
    for (size_t k = 0; k < file.costs[i].size(); ++k) {
      const size_t j = i + 1 + k;
      table.add({static_cast<int64_t>(i), static_cast<int64_t>(j), file.levels[i], file.levels[j], file.costs[i][k]});
    }
  }
  return table;
}

Table level_table(const GitsStory& story) {
  Table table{.columns = {"nfe", "schedule", "step", "sigma"}, .rows = {}};
  for (const StudentError& run : story.errors) {
    for (size_t i = 0; i < run.levels.size(); ++i) {
      table.add({run.nfe, run.schedule, static_cast<int64_t>(i), run.levels[i]});
    }
  }
  return table;
}

Table error_table(const GitsStory& story) {
  Table table{.columns = {"nfe", "schedule", "steps", "rms", "rms_low", "rms_high"}, .rows = {}};
  for (const StudentError& run : story.errors) {
    table.add({run.nfe, run.schedule, static_cast<int64_t>(run.levels.size()) - 1, run.rms, run.low, run.high});
  }
  return table;
}

Figure error_figure(const GitsStory& story) {
  Panel panel{{"distance from the teacher's end, rms per number", Scale::kLog, {}}, {}, {}, 240};
  const auto styles = series_styles(kSchedules);
  std::vector<std::string> words;
  for (size_t k = 0; k < kSchedules.size(); ++k) {
    Series series{kSchedules[k], styles[k], {}, {}, {}, {}};
    for (const GitsSchedule& schedule : story.file.schedules) {
      const StudentError& error = error_of(story, schedule.nfe, kSchedules[k]);
      series.x.push_back(static_cast<double>(schedule.nfe));
      series.y.push_back(error.rms);
      series.low.push_back(error.low);
      series.high.push_back(error.high);
    }
    words.push_back(fmt::format("{} {}", kSchedules[k], format_digits(series.y.back(), 3)));
    panel.series.push_back(std::move(series));
  }
  Figure figure;
  figure.title = "What the schedule is worth";
  figure.caption = fmt::format(
      "{} from the first {} seeds of the search. Bands are 95 % bootstrap intervals over seeds.", story.student,
      std::min<int64_t>(64, story.search.ends.size(0)));
  figure.charts = {{line_chart({{"evaluations", Scale::kLinear, {}}, {panel}}),
                    "Error over the number of evaluations. With the most evaluations: " + join(words, ", ") + "."}};
  figure.numbers = error_table(story);
  return figure;
}

Figure level_figure(const GitsStory& story) {
  const GitsSchedule& shown = shown_schedule(story);
  Panel panel{{"noise level σ", Scale::kLog, {}}, {}, {}, 240};
  const auto styles = series_styles(kSchedules);
  for (size_t k = 0; k < kSchedules.size(); ++k) {
    const StudentError& run = error_of(story, shown.nfe, kSchedules[k]);
    Series series{kSchedules[k], styles[k], {}, {}, {}, {}};
    for (size_t i = 0; i < run.levels.size(); ++i) {
      series.x.push_back(static_cast<double>(i));
      series.y.push_back(run.levels[i]);
    }
    panel.series.push_back(std::move(series));
  }
  std::vector<std::string> words;
  for (const double level : shown.levels) words.push_back(format_sigma(level));
  Figure figure;
  figure.title = fmt::format("Where the steps go with {} evaluations", shown.nfe);
  figure.caption = "The levels of the schedule found, beside two formulas over the same range.";
  figure.charts = {
      {line_chart({{"step", Scale::kLinear, {}}, {panel}}), "The levels found: " + join(words, ", ") + "."}};
  figure.data_file = "levels.csv";
  figure.numbers = Table{.columns = {"evaluations", "levels"}, .rows = {}};
  for (const GitsSchedule& schedule : story.file.schedules) {
    std::vector<std::string> levels;
    for (const double level : schedule.levels) levels.push_back(format_sigma(level));
    figure.numbers.add({schedule.nfe, join(levels, "  ")});
  }
  return figure;
}

// Quartiles of the levels that the seeds' own schedules have.
Table own_level_table(const GitsStory& story) {
  Table table{.columns = {"nfe", "step", "sigma_low", "sigma_median", "sigma_high", "sigma_common"}, .rows = {}};
  for (size_t k = 0; k < story.per_sample.size(); ++k) {
    const GitsSchedule& common = story.file.schedules[k];
    const auto quartiles = level_quantiles(story.file.levels, story.per_sample[k], {0.25, 0.5, 0.75});
    const auto of = quartiles.accessor<double, 2>();
    for (int64_t step = 0; step < quartiles.size(1); ++step)
      table.add({common.nfe, step, of[0][step], of[1][step], of[2][step], common.levels[static_cast<size_t>(step)]});
  }
  return table;
}

std::optional<Figure> own_level_figure(const GitsStory& story) {
  if (story.per_sample.empty()) return std::nullopt;
  const size_t shown = story.file.schedules.size() / 2;
  const GitsSchedule& common = story.file.schedules[shown];
  const auto quartiles = level_quantiles(story.file.levels, story.per_sample[shown], {0.25, 0.5, 0.75});
  const auto styles = series_styles({"one a seed", "one for all"});
  Series own{"one a seed", styles[0], {}, {}, {}, {}}, all{"one for all", styles[1], {}, {}, {}, {}};
  const auto of = quartiles.accessor<double, 2>();
  for (int64_t step = 0; step < quartiles.size(1); ++step) {
    own.x.push_back(static_cast<double>(step));
    own.y.push_back(of[1][step]);
    own.low.push_back(of[0][step]);
    own.high.push_back(of[2][step]);
    all.x.push_back(static_cast<double>(step));
    all.y.push_back(common.levels[static_cast<size_t>(step)]);
  }
  const auto error = std::ranges::find_if(
      story.errors, [&](const StudentError& run) { return run.nfe == common.nfe && run.schedule == "per_sample"; });
  Figure figure;
  figure.title = fmt::format("A schedule for every seed with {} evaluations: {}", common.nfe,
                             format_measured(error->rms, error->low, error->high));
  figure.caption = fmt::format(
      "Median and quartiles of every level over {} seeds, each with the cheapest schedule of its own "
      "trajectory; its distance from the teacher (rms per number) stands in the title, {} with one for all.",
      story.per_sample[shown].size(0), format_digits(error_of(story, common.nfe, "gits").rms, 3));
  figure.charts = {
      {line_chart({{"step", Scale::kLinear, {}}, {{{"noise level σ", Scale::kLog, {}}, {own, all}, {}, 240}}}),
       "Levels over the steps, with quartiles over seeds."}};
  figure.numbers = own_level_table(story);
  return figure;
}

Figure cost_figure(const GitsStory& story) {
  const GitsSchedule& shown = shown_schedule(story);
  HeatMap map{story.file.costs, {}, {}, "to σ", "from σ", "cost (" + story.file.metric + ")"};
  for (const double level : story.file.levels) map.labels.push_back(format_sigma(level));
  for (size_t k = 0; k + 1 < shown.indices.size(); ++k) map.marked.emplace_back(shown.indices[k], shown.indices[k + 1]);
  Figure figure;
  figure.title = "What one jump costs";
  figure.caption = fmt::format(
      "Mean over {} seeds of the error ({}) of one Euler jump along the teacher's slope, from one of its {} levels to a "
      "later one. Dots: the steps of the schedule for {} evaluations.",
      story.search.ends.size(0), story.file.metric, story.file.levels.size(), shown.nfe);
  figure.charts = {{heat_map(map), "Costs of all jumps between the levels of the teacher, as a triangle."}};
  figure.data_file = "costs.csv";
  return figure;
}

Figure teacher_figure(const GitsStory& story) {
  const std::vector<double>& levels = story.file.levels;
  Series series{"teacher", series_styles({"teacher"}).front(), {}, {}, {}, {}};
  const auto deviation = story.search.deviations.accessor<double, 1>();
  for (auto i = static_cast<int64_t>(levels.size()) - 1; i >= 0; --i) {
    series.x.push_back(levels[i]);
    series.y.push_back(deviation[i]);
  }
  Figure figure;
  figure.title = "Where the teacher's trajectories bend";
  figure.caption = "Mean distance of the teacher's states from the straight line between the trajectory's two ends.";
  figure.charts = {
      {line_chart({sigma_axis(levels), {{{"distance from the chord", Scale::kLinear, {}}, {series}, {}, 200}}}),
       fmt::format("Mean deviation from the chord over the noise level, at most {}.",
                   format_digits(story.search.deviations.max().item<double>(), 3))}};
  return figure;
}

// Every figure of a schedule search: a new one is a function above and a row here.
const std::vector<FigureRow<GitsStory>>& gits_figures() {
  static const std::vector<FigureRow<GitsStory>> rows = {
      {"Schedules", error_figure, "errors.csv", "the student's distance from the teacher"},
      {"Schedules", level_figure},
      {"Schedules", own_level_figure, "per_sample.csv", "quartiles of the levels where every seed has a schedule"},
      {"The teacher", cost_figure},
      {"The teacher", teacher_figure},
  };
  return rows;
}

}  // namespace

void write_gits_report(const GitsStory& story, const RunFolder& folder) {
  write_csv(folder.path("costs.csv"), cost_table(story.file));
  write_csv(folder.path("levels.csv"), level_table(story));
  Report report("farfield schedule search", "Schedules for " + story.file.model, answer(story),
                {story.command, {}, story.settings});
  add_figures(report, gits_figures(), story, folder);
  report.file("levels.csv", "every schedule compared");
  report.file("costs.csv", "the cost of every jump");
  report.write(folder.path("report.html"));
}

}  // namespace farfield
