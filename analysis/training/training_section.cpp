#include "analysis/training/training_section.h"

#include <algorithm>
#include <cmath>
#include <map>

#include <fmt/format.h>

#include "analysis/page/charts.h"
#include "analysis/page/file_word.h"
#include "analysis/page/format.h"
#include "core/io/file.h"

namespace farfield {
namespace fs = std::filesystem;
namespace {

// Mean loss in every bin of the noise level over some ticks, at the bin's geometric middle.
Series loss_over_sigma(std::string label, const SeriesStyle& style, const Tick* begin, const Tick* end) {
  std::map<double, std::pair<double, double>> sums;  // middle -> (loss sum, count)
  for (const Tick* tick = begin; tick != end; ++tick) {
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

Chart loss_chart(const std::vector<Tick>& ticks) {
  Series series{"training loss", series_style("network"), {}, {}, {}, {}};
  for (const Tick& tick : ticks) {
    series.x.push_back(static_cast<double>(tick.images));
    series.y.push_back(tick.loss);
  }
  const std::string alt = fmt::format("Training loss over images seen, from {} to {}.",
                                      format_digits(ticks.front().loss, 3), format_digits(ticks.back().loss, 3));
  return {line_chart({{"images seen", Scale::kLinear, {}}, {{{"loss per value", Scale::kLog, {}}, {series}, {}, 220}}}),
          alt};
}

Chart sigma_chart(const std::vector<Tick>& ticks) {
  const size_t quarter = std::max<size_t>(1, ticks.size() / 4);
  const Series early = loss_over_sigma("first quarter", series_style("isotropic"), ticks.data(),
                                       ticks.data() + quarter);
  const Series late = loss_over_sigma("last quarter", series_style("network"), ticks.data() + ticks.size() - quarter,
                                      ticks.data() + ticks.size());
  std::vector<double> sigmas = early.x;
  sigmas.insert(sigmas.end(), late.x.begin(), late.x.end());
  return {line_chart({sigma_axis(sigmas), {{{"loss per value", Scale::kLog, {}}, {early, late}, {}, 220}}}),
          "Training loss over the noise level, first and last quarter of the run."};
}

}  // namespace

Figure training_figure(const std::vector<Tick>& ticks, const std::string& table_file) {
  Figure figure;
  figure.title = fmt::format("The loss went from {} to {} in {} images", format_digits(ticks.front().loss, 3),
                             format_digits(ticks.back().loss, 3), ticks.back().images);
  figure.caption = fmt::format(
      "Weighted denoising loss per value: left the mean between two lines of the log; right in bins of the noise "
      "level, first and last quarter of the run. {} steps, {} of training, {} images/s at the end.",
      ticks.back().step, format_seconds(ticks.back().seconds), format_digits(ticks.back().images_per_second, 3));
  figure.charts = {loss_chart(ticks)};
  if (!ticks.back().by_sigma.empty()) figure.charts.push_back(sigma_chart(ticks));
  figure.data_file = table_file;
  figure.numbers = tick_table(ticks);
  return figure;
}

std::string run_name(const fs::path& run) {
  return run.has_filename() ? run.filename().string() : run.parent_path().filename().string();
}

void add_training_section(Report& report, const fs::path& run, const RunFolder& folder) {
  const std::vector<Tick> ticks = read_training_log(run);
  const std::string name = run_name(run);
  report.section("Training run " + name);
  if (ticks.empty()) return report.paragraph("No line of its log was written yet.");
  const std::string table_file = file_word(name) + "-training.csv";
  write_csv(folder.path(table_file), tick_table(ticks));
  report.file(table_file, "the log of the training run " + name);
  report.figure(training_figure(ticks, table_file));

  const std::vector<fs::path> pictures = previews_of(run);
  if (pictures.empty()) return;
  Figure picture;
  picture.title = "The newest preview";
  picture.caption = "Samples of the averaged network, the same seeds each time.";
  picture.pictures.push_back({read_file(pictures.back(), kPictureBytes),
                              "samples drawn during training",
                              "",
                              {pictures.back().filename().string()}});
  report.figure(picture);
}

}  // namespace farfield
