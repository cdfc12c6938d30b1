#include "analysis/training/training_report.h"

#include <algorithm>
#include <cmath>
#include <map>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "analysis/page/charts.h"
#include "analysis/page/figure_table.h"
#include "analysis/page/format.h"
#include "analysis/stats/ratio_cell.h"
#include "analysis/training/training_section.h"
#include "core/error.h"
#include "core/io/file.h"
#include "core/io/json.h"
#include "core/text.h"
#include "models/registry/model_form.h"

namespace farfield {
namespace fs = std::filesystem;
using nlohmann::json;
namespace {

constexpr uint64_t kRecordBytes = uint64_t{1} << 26;
constexpr size_t kPoints = 300, kPictures = 6;

// What the figures of a training run show.
struct TrainingStory {
  std::vector<Tick> ticks;  // few enough to be drawn
  std::vector<ProbeLine> probes;
  std::vector<fs::path> previews;
};

// At most kPoints ticks for drawing: neighbours are merged, their losses weighted by the samples behind them.
std::vector<Tick> thinned(const std::vector<Tick>& ticks) {
  const size_t group = (ticks.size() + kPoints - 1) / kPoints;
  if (group <= 1) return ticks;
  std::vector<Tick> few;
  for (size_t first = 0; first < ticks.size(); first += group) {
    const size_t end = std::min(first + group, ticks.size());
    Tick merged = ticks[end - 1];
    std::map<double, SigmaLoss> bins;
    double loss = 0, speed = 0;
    for (size_t i = first; i < end; ++i) {
      loss += ticks[i].loss / static_cast<double>(end - first);
      speed += ticks[i].images_per_second / static_cast<double>(end - first);
      for (const auto& bin : ticks[i].by_sigma) {
        auto& sum = bins.try_emplace(bin.sigma_from, SigmaLoss{bin.sigma_from, bin.sigma_to, 0, 0}).first->second;
        sum.loss += bin.loss * static_cast<double>(bin.count);
        sum.count += bin.count;
      }
    }
    merged.loss = loss;
    merged.images_per_second = speed;
    merged.by_sigma.clear();
    for (auto& [from, bin] : bins) {
      bin.loss /= static_cast<double>(bin.count);
      merged.by_sigma.push_back(bin);
    }
    few.push_back(std::move(merged));
  }
  return few;
}

Axis images_axis() { return {"images seen", Scale::kLinear, {}}; }

// Mean loss over time between two noise levels.
Series loss_between(const std::vector<Tick>& ticks, double from, double to, const std::string& label, int place) {
  Series series{label, series_style("other", place), {}, {}, {}, {}};
  for (const Tick& tick : ticks) {
    double sum = 0, count = 0;
    for (const auto& bin : tick.by_sigma) {
      if (bin.sigma_from < from * 0.99 || bin.sigma_to > to * 1.01) continue;
      sum += bin.loss * static_cast<double>(bin.count);
      count += static_cast<double>(bin.count);
    }
    if (count == 0) continue;
    series.x.push_back(static_cast<double>(tick.images));
    series.y.push_back(sum / count);
  }
  return series;
}

Figure by_sigma_figure(const TrainingStory& story) {
  const std::vector<Tick>& ticks = story.ticks;
  const double end = std::numeric_limits<double>::infinity();
  Panel panel{{"loss per value", Scale::kLog, {}}, {}, {}, 260};
  panel.series = {loss_between(ticks, 0, 0.1, "σ < 0.1", 0), loss_between(ticks, 0.1, 1, "0.1 ≤ σ < 1", 1),
                  loss_between(ticks, 1, 10, "1 ≤ σ < 10", 2), loss_between(ticks, 10, end, "σ ≥ 10", 3)};
  std::erase_if(panel.series, [](const Series& series) { return series.y.empty(); });
  Figure figure;
  figure.title = "Where the loss falls";
  figure.caption =
      "Weighted loss per value between noise levels. With EDM's weight an untrained network starts near 1 at "
      "every level where the data have the configured sigma_data.";
  figure.charts.push_back(
      {line_chart({images_axis(), {panel}}), "Training loss over images seen, by decade of the noise level."});
  figure.data_file = "training.csv";
  return figure;
}

Figure speed_figure(const TrainingStory& story) {
  const std::vector<Tick>& ticks = story.ticks;
  Series rate{"learning rate", series_style("network"), {}, {}, {}, {}}, speed = rate;
  speed.label = "images per second";
  for (const Tick& tick : ticks) {
    for (Series* series : {&rate, &speed}) series->x.push_back(static_cast<double>(tick.images));
    rate.y.push_back(tick.learning_rate);
    speed.y.push_back(tick.images_per_second);
  }
  Figure figure;
  figure.title = fmt::format("{} images per second at the end", format_digits(ticks.back().images_per_second, 3));
  figure.caption =
      "Left the learning rate; right the images of a second between two lines of the log, all pauses for "
      "previews, probes and checkpoints included.";
  figure.charts = {{line_chart({images_axis(), {{{"learning rate", Scale::kLinear, {}}, {rate}, {}, 180}}}),
                    "Learning rate over images seen."},
                   {line_chart({images_axis(), {{{"images per second", Scale::kLinear, {}}, {speed}, {}, 180}}}),
                    "Training speed over images seen."}};
  figure.data_file = "training.csv";
  return figure;
}

Table probe_table(const std::vector<ProbeLine>& lines) {
  Table table;
  table.columns = {"images", "reference", "sigma", "explained"};
  for (const auto& line : lines) {
    for (const auto& row : line.rows) table.add({line.images, row.reference, row.sigma, ratio_cell(row.explained)});
  }
  return table;
}

// A chart a reference, a line a noise level.
std::optional<Figure> probe_figure(const TrainingStory& story) {
  const std::vector<ProbeLine>& lines = story.probes;
  if (lines.empty()) return std::nullopt;
  std::vector<std::string> order;
  std::map<std::string, std::map<double, Series>> all;
  for (const auto& line : lines) {
    for (const auto& row : line.rows) {
      if (!all.contains(row.reference)) order.push_back(row.reference);
      auto& levels = all[row.reference];
      const auto place = static_cast<int>(levels.size());
      auto& series = levels
                         .try_emplace(
                             row.sigma,
                             Series{"σ = " + format_sigma(row.sigma), series_style("other", place), {}, {}, {}, {}})
                         .first->second;
      series.x.push_back(static_cast<double>(line.images));
      series.y.push_back(row.explained);
    }
  }
  Figure figure;
  figure.title = "What the network learns, told by scores that are known exactly";
  figure.caption =
      "Explained variance of the averaged network's score, 1 − Σ‖s − s_ref‖² / Σ‖s‖², over the same noised "
      "training points each time. Values below 0 leave the frame.";
  for (const auto& name : order) {
    Panel panel{{"explained by " + name, Scale::kLinear, std::pair{0., 1.}}, {}, {0.99}, 220};
    for (const auto& [sigma, series] : all[name]) panel.series.push_back(series);
    figure.charts.push_back({line_chart({images_axis(), {panel}}),
                             fmt::format("Explained variance by {} over images seen, one line a noise level.", name)});
  }
  figure.data_file = "probes.csv";
  figure.numbers = probe_table({lines.back()});
  return figure;
}

std::optional<Figure> preview_figure(const TrainingStory& story) {
  const std::vector<fs::path>& all = story.previews;
  if (all.empty()) return std::nullopt;
  Figure figure;
  figure.title = "Samples while it trained";
  figure.caption =
      "Drawn from the averaged network, the same seeds at the same places. The number is that of images seen.";
  const size_t shown = std::min(all.size(), kPictures);
  for (size_t i = 0; i < shown; ++i) {
    const fs::path& picture = all[shown == 1 ? all.size() - 1 : i * (all.size() - 1) / (shown - 1)];
    figure.pictures.push_back(
        {read_file(picture, kPictureBytes), "samples drawn during training", "", {picture.stem().string()}});
  }
  return figure;
}

// What run.json says, as far as it is there.
Facts facts_of(const fs::path& run) {
  const json record = parse_json(read_file(run / "run.json", kRecordBytes), (run / "run.json").string());
  Facts facts;
  const auto add = [&](const char* name, const json& value) {
    if (!value.is_null()) facts.emplace_back(name, value.is_string() ? value.get<std::string>() : dump_json(value));
  };
  if (!record.is_object()) throw bad_file((run / "run.json").string(), "is no record of a run");
  if (record.contains("data") && record["data"].is_object()) add("data", record["data"].value("source", json()));
  for (const char* key : {"parameters", "images", "skipped_steps", "seed", "device", "threads"}) {
    add(key, record.value(key, json()));
  }
  return facts;
}

// Logs of version 0.1 have references in its spelling; a resumed run goes on in the new one.
std::vector<ProbeLine> in_new_spelling(std::vector<ProbeLine> lines) {
  for (ProbeLine& line : lines) {
    for (ProbeRow& row : line.rows) {
      try {
        const ModelForm form = parse_model(row.reference);
        if (form.old_spelling) row.reference = to_text(form);
      } catch (const Error&) {  // whatever else a log calls it
      }
    }
  }
  return lines;
}

Figure loss_figure(const TrainingStory& story) { return training_figure(story.ticks, "training.csv"); }

// Every figure of a training run: a new one is a function above and a row here.
const std::vector<FigureRow<TrainingStory>>& training_figures() {
  static const std::vector<FigureRow<TrainingStory>> rows = {
      {"Loss", loss_figure},    {"Loss", by_sigma_figure}, {"Previews", preview_figure},
      {"Probes", probe_figure}, {"Speed", speed_figure},
  };
  return rows;
}

}  // namespace

std::string write_training_report(const fs::path& run, const std::vector<std::string>& command,
                                  const RunFolder& folder) {
  const std::vector<Tick> all = read_training_log(run);
  if (all.empty()) throw usage_error(fmt::format("{}: no line of its log was written yet", run.string()));
  const TrainingStory story{thinned(all), in_new_spelling(read_probe_log(run)), previews_of(run)};

  const std::string answer = fmt::format("The loss went from {} to {} in {} images, {} of training.",
                                         format_digits(all.front().loss, 3), format_digits(all.back().loss, 3),
                                         all.back().images, format_seconds(all.back().seconds));
  Report report("farfield report", "Training run " + run_name(run), answer, {command, facts_of(run), {}});
  write_csv(folder.path("training.csv"), tick_table(all));
  report.file("training.csv", "every line of the log");
  if (!story.probes.empty()) {
    write_csv(folder.path("probes.csv"), probe_table(story.probes));
    report.file("probes.csv", "every probe");
  }
  add_figures(report, training_figures(), story, folder);
  report.write(folder.path("report.html"));
  return answer;
}

}  // namespace farfield
