#include "analysis/training_section.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "analysis/charts.h"
#include "analysis/format.h"
#include "core/error.h"
#include "core/io/file.h"
#include "core/text.h"

namespace farfield {
namespace fs = std::filesystem;
using nlohmann::json;
namespace {

constexpr uint64_t kLogBytes = uint64_t{1} << 28, kPictureBytes = uint64_t{1} << 24;

TrainingTick parse_tick(const json& line) {
  TrainingTick tick;
  tick.images = line.at("images").get<int64_t>();
  tick.step = line.at("step").get<int64_t>();
  tick.loss = line.at("loss").get<double>();
  tick.learning_rate = line.at("learning_rate").get<double>();
  tick.images_per_second = line.at("images_per_second").get<double>();
  tick.seconds = line.at("seconds").get<double>();
  for (const json& bin : line.at("loss_by_sigma")) {
    const json& to = bin.at("sigma_to");
    tick.by_sigma.push_back({bin.at("sigma_from").get<double>(),
                             to.is_null() ? std::numeric_limits<double>::infinity() : to.get<double>(),
                             bin.at("loss").get<double>(), bin.at("count").get<int64_t>()});
  }
  return tick;
}

// Mean loss in every bin of the noise level over some ticks, at the bin's geometric middle.
Series loss_over_sigma(std::string label, const SeriesStyle& style, const TrainingTick* begin, const TrainingTick* end) {
  std::map<double, std::pair<double, double>> sums;  // middle -> (loss sum, count)
  for (const TrainingTick* tick = begin; tick != end; ++tick) {
    for (const auto& bin : tick->by_sigma) {
      const double from = bin.sigma_from > 0 ? bin.sigma_from : bin.sigma_to / std::sqrt(10);
      const double to = std::isfinite(bin.sigma_to) ? bin.sigma_to : bin.sigma_from * std::sqrt(10);
      auto& sum = sums[std::sqrt(from * to)];
      sum.first += bin.loss * static_cast<double>(bin.count);
      sum.second += static_cast<double>(bin.count);
    }
  }
  Series series{std::move(label), style, {}, {}, {}, {}};
  for (const auto& [sigma, sum] : sums) {
    series.x.push_back(sigma);
    series.y.push_back(sum.first / sum.second);
  }
  return series;
}

Chart loss_chart(const std::vector<TrainingTick>& ticks) {
  Series series{"training loss", series_style("network"), {}, {}, {}, {}};
  for (const TrainingTick& tick : ticks) {
    series.x.push_back(static_cast<double>(tick.images));
    series.y.push_back(tick.loss);
  }
  const std::string alt = fmt::format("Training loss over images seen, from {} to {}.", format_digits(ticks.front().loss, 3),
                                      format_digits(ticks.back().loss, 3));
  return {line_chart({{"images seen", Scale::kLinear, {}}, {{{"loss per value", Scale::kLog, {}}, {series}, {}, 220}}}), alt};
}

Chart sigma_chart(const std::vector<TrainingTick>& ticks) {
  const size_t quarter = std::max<size_t>(1, ticks.size() / 4);
  const Series early = loss_over_sigma("first quarter", series_style("isotropic"), ticks.data(), ticks.data() + quarter);
  const Series late = loss_over_sigma("last quarter", series_style("network"), ticks.data() + ticks.size() - quarter,
                                      ticks.data() + ticks.size());
  std::vector<double> sigmas = early.x;
  sigmas.insert(sigmas.end(), late.x.begin(), late.x.end());
  return {line_chart({sigma_axis(sigmas), {{{"loss per value", Scale::kLog, {}}, {early, late}, {}, 220}}}),
          "Training loss over the noise level, first and last quarter of the run."};
}

Table tick_table(const std::vector<TrainingTick>& ticks) {
  Table table;
  table.columns = {"images", "step", "loss", "learning_rate", "images_per_second", "seconds"};
  for (const TrainingTick& tick : ticks) {
    table.rows.push_back({tick.images, tick.step, tick.loss, tick.learning_rate, tick.images_per_second, tick.seconds});
  }
  return table;
}

fs::path newest_preview(const fs::path& run) {
  fs::path newest;
  if (!fs::is_directory(run / "previews")) return newest;
  for (const auto& entry : fs::directory_iterator(run / "previews")) {
    if (entry.path().extension() == ".png" && entry.path().filename() > newest.filename()) newest = entry.path();
  }
  return newest;
}

}  // namespace

std::vector<TrainingTick> read_training_log(const fs::path& folder) {
  const fs::path path = folder / "log.jsonl";
  std::vector<TrainingTick> ticks;
  for (const std::string& line : split(read_file(path, kLogBytes), '\n')) {
    if (line.empty()) continue;
    try {
      ticks.push_back(parse_tick(json::parse(line)));
    } catch (const json::exception& problem) {
      throw bad_file(path.string(), fmt::format("line {}: {}", ticks.size() + 1, problem.what()));
    }
  }
  return ticks;
}

void add_training_section(Report& report, const fs::path& run, const RunFolder& folder) {
  const std::vector<TrainingTick> ticks = read_training_log(run);
  const std::string name = run.has_filename() ? run.filename().string() : run.parent_path().filename().string();
  report.section("Training run " + name);
  if (ticks.empty()) return report.paragraph("No line of its log was written yet.");
  const std::string table_file = name + "-training.csv";
  const Table table = tick_table(ticks);
  write_csv(folder.path(table_file), table);

  Figure figure;
  figure.title = fmt::format("The loss went from {} to {} in {} images", format_digits(ticks.front().loss, 3),
                             format_digits(ticks.back().loss, 3), ticks.back().images);
  figure.caption = fmt::format(
      "EDM's weighted denoising loss per value: left the mean between two lines of the log; right in bins of the noise "
      "level, first and last quarter of the run. {} steps, {} of training, {} images/s at the end.",
      ticks.back().step, format_seconds(ticks.back().seconds), format_digits(ticks.back().images_per_second, 3));
  figure.charts = {loss_chart(ticks)};
  if (!ticks.back().by_sigma.empty()) figure.charts.push_back(sigma_chart(ticks));
  figure.data_file = table_file;
  figure.numbers = table;
  report.figure(figure);

  const fs::path preview = newest_preview(run);
  if (preview.empty()) return;
  Figure picture;
  picture.title = "The newest preview";
  picture.caption = "Samples of the averaged network, the same seeds each time.";
  picture.pictures.push_back({read_file(preview, kPictureBytes), "samples drawn during training", "", {preview.filename().string()}});
  report.figure(picture);
}

}  // namespace farfield
