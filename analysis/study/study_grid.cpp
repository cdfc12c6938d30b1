#include "analysis/study/study_grid.h"

#include <algorithm>
#include <functional>
#include <optional>

#include <fmt/format.h>

#include "analysis/page/format.h"
#include "core/io/file.h"
#include "core/printable.h"
#include "core/text.h"

namespace farfield {
namespace {

// One number of every run.
struct GridMeasure {
  std::string name, words;
  std::function<double(const StudyRun&)> value;
  std::function<bool(double, double)> better;
};

std::vector<GridMeasure> grid_measures(const StudyStory& story) {
  std::vector<GridMeasure> all = {{"rms", "Distance from the reference, rms per number; less is better",
                                   [](const StudyRun& run) { return run.error.rms; }, std::less<double>()}};
  const auto measures = story.measures();
  for (size_t m = 0; m < measures.size(); ++m) {
    all.push_back({measures[m].name,
                   fmt::format("{} in features '{}'; {} is better", measures[m].words,
                               story.request.measures->contract().name, measures[m].more_is_better ? "more" : "less"),
                   [m](const StudyRun& run) { return run.measures[m]; },
                   [measure = measures[m]](double a, double b) { return measure.better(a, b); }});
  }
  return all;
}

struct GridRow {
  const StudyRun* first;                   // names it
  std::vector<const StudyRun*> of_budget;  // nullptr: no run takes so many
};

std::vector<GridRow> grid_rows(const StudyStory& story) {
  std::vector<GridRow> rows;
  for (const StudyRun& run : story.study.runs) {
    const auto same = [&](const GridRow& row) {
      return row.first->solver == run.solver && row.first->schedule == run.schedule &&
             row.first->teleported == run.teleported;
    };
    auto row = std::ranges::find_if(rows, same);
    if (row == rows.end())
      row = rows.insert(rows.end(), {&run, std::vector<const StudyRun*>(story.request.nfe.size(), nullptr)});
    for (size_t b = 0; b < story.request.nfe.size(); ++b) {
      if (story.request.nfe[b] == run.nfe) row->of_budget[b] = &run;
    }
  }
  return rows;
}

// The best value of every budget.
std::vector<std::optional<double>> best_of_budgets(const std::vector<GridRow>& rows, const GridMeasure& measure) {
  std::vector<std::optional<double>> best;
  for (const GridRow& row : rows) {
    best.resize(row.of_budget.size());
    for (size_t b = 0; b < best.size(); ++b) {
      if (row.of_budget[b] == nullptr) continue;
      const double value = measure.value(*row.of_budget[b]);
      if (!best[b] || measure.better(value, *best[b])) best[b] = value;
    }
  }
  return best;
}

// The file of gits:FILE may have any bytes in its name.
std::string in_markdown(const std::string& schedule) {
  std::string text;
  for (const char letter : printable(schedule)) text += letter == '|' ? "\\|" : std::string(1, letter);
  return text;
}

std::string markdown_of(const StudyStory& story, const std::vector<GridRow>& rows, const GridMeasure& measure) {
  std::string text = fmt::format("{}\n\n| solver | schedule | start |", measure.words);
  std::string rule = "\n| --- | --- | --- |";
  for (const int64_t budget : story.request.nfe) {
    text += fmt::format(" {} |", budget);
    rule += " ---: |";
  }
  text += rule + "\n";
  const auto best = best_of_budgets(rows, measure);
  for (const GridRow& row : rows) {
    text += fmt::format("| {} | {} | {} |", row.first->solver, in_markdown(row.first->schedule), start_of(*row.first));
    for (size_t b = 0; b < best.size(); ++b) {
      if (row.of_budget[b] == nullptr) {
        text += " - |";
        continue;
      }
      const double value = measure.value(*row.of_budget[b]);
      const std::string mark = value == *best[b] ? "**" : "";
      text += " " + mark + format_digits(value, 4) + mark + " |";
    }
    text += "\n";
  }
  return text;
}

}  // namespace

Table study_grid(const StudyStory& story) {
  Table table{.columns = {"measure", "solver", "schedule", "start"}, .rows = {}};
  for (const int64_t budget : story.request.nfe) table.columns.push_back(std::to_string(budget));
  const auto rows = grid_rows(story);
  for (const GridMeasure& measure : grid_measures(story)) {
    for (const GridRow& row : rows) {
      std::vector<Cell> cells = {measure.name, row.first->solver, row.first->schedule, start_of(*row.first)};
      cells.resize(table.columns.size());
      for (size_t b = 0; b < row.of_budget.size(); ++b) {
        if (row.of_budget[b] != nullptr) cells[4 + b] = measure.value(*row.of_budget[b]);
      }
      table.add(std::move(cells));
    }
  }
  return table;
}

std::string study_grid_markdown(const StudyStory& story) {
  const auto rows = grid_rows(story);
  std::vector<std::string> tables;
  for (const GridMeasure& measure : grid_measures(story)) tables.push_back(markdown_of(story, rows, measure));
  return join(tables, "\n");
}

void write_study_grids(const StudyStory& story, const RunFolder& folder) {
  write_csv(folder.path("table.csv"), study_grid(story));
  write_file_atomically(folder.path("table.md"), study_grid_markdown(story));
}

}  // namespace farfield
