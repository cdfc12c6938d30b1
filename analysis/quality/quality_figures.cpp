#include "analysis/quality/quality_figures.h"

#include <algorithm>

#include <fmt/format.h>

#include "analysis/page/charts.h"
#include "analysis/page/format.h"
#include "analysis/page/pair_grid.h"
#include "analysis/page/part_series.h"
#include "analysis/quality/quality_tables.h"

namespace farfield {
namespace {

using torch::Tensor;

constexpr size_t kMostLines = 6;
constexpr int64_t kShownCopies = 8;

std::vector<SeriesStyle> block_styles(const QualityRun& run) {
  std::vector<std::string> kinds;
  for (const QualityBlock& block : run.blocks) kinds.push_back(block.name);
  return series_styles(kinds);
}

// The first blocks that have what `values` takes from them, a line each of the parts at most x.
template <class Values>
std::vector<Series> part_lines(const QualityRun& run, const Values& values) {
  const std::vector<SeriesStyle> styles = block_styles(run);
  std::vector<Series> lines;
  for (size_t b = 0; b < run.blocks.size() && lines.size() < kMostLines; ++b) {
    const Tensor of_block = values(run.blocks[b]);
    if (of_block.defined() && of_block.numel() >= 2)
      lines.push_back(part_series(run.blocks[b].name, styles[b], of_block));
  }
  return lines;
}

std::string lines_words(const QualityRun& run) {
  return run.blocks.size() > kMostLines ? fmt::format(" The first {} blocks.", kMostLines) : "";
}

Table line_numbers(const std::vector<Series>& lines, const std::string& x, const std::string& y) {
  Table table{.columns = {"line", x, y}, .rows = {}};
  for (const Series& line : lines) {
    for (size_t i = 0; i < line.x.size(); ++i) table.add({line.label, line.x[i], line.y[i]});
  }
  return table;
}

Figure part_figure_of(std::string title, std::string caption, const std::vector<Series>& lines, const std::string& axis,
                      const std::string& ordinate, std::vector<double> guides) {
  Figure figure;
  figure.title = std::move(title);
  figure.caption = std::move(caption);
  figure.numbers = line_numbers(lines, axis, "part");
  const Panel panel{{ordinate, Scale::kLinear, std::pair(0.0, 1.02)}, lines, {}, 200};
  figure.charts = {{line_chart({{axis, Scale::kLinear, {}}, {panel}, std::move(guides)}), figure.title + "."}};
  return figure;
}

std::optional<QualityAcross> across_of(const QualityRun& run, const std::string& measure) {
  const std::vector<QualityAcross> all = across_blocks(run);
  const auto found = std::ranges::find(all, measure, &QualityAcross::measure);
  if (found == all.end()) return std::nullopt;
  return *found;
}

std::string mean_word(const QualityRun& run, const std::string& measure, int digits = 3) {
  const auto across = across_of(run, measure);
  return across ? format_digits(across->mean, digits) : "none";
}

std::string percent_word(const QualityRun& run, const std::string& measure) {
  const auto across = across_of(run, measure);
  return across ? format_digits(100 * across->mean, 3) + " %" : "none";
}

// FD over 1 / N with the fitted line, from infinitely many samples on.
std::optional<Figure> infinity_figure(const QualityRun& run) {
  const std::vector<SeriesStyle> styles = block_styles(run);
  std::vector<Series> lines;
  for (size_t b = 0; b < run.blocks.size() && lines.size() < kMostLines; ++b) {
    if (!run.blocks[b].infinity) continue;
    const FrechetInfinity& infinity = *run.blocks[b].infinity;
    Series measured{run.blocks[b].name, styles[b], {}, {}, {}, {}};
    for (size_t j = infinity.sizes.size(); j-- > 0;) {
      measured.x.push_back(1 / static_cast<double>(infinity.sizes[j]));
      measured.y.push_back(infinity.distances[j]);
    }
    Series fitted{run.blocks[b].name + ", line", styles[b], {0, measured.x.back()}, {}, {}, {}};
    fitted.y = {infinity.value, infinity.value + infinity.slope * measured.x.back()};
    fitted.style.dash = {2, 2};
    lines.push_back(std::move(measured));
    lines.push_back(std::move(fitted));
  }
  if (lines.empty()) return std::nullopt;
  Figure figure;
  figure.title = fmt::format("The Fréchet distance is {}; of infinitely many samples it would be {}",
                             mean_word(run, "fd", 4), mean_word(run, "fd_infinity", 4));
  figure.caption = fmt::format(
      "Distance of N of the samples, drawn at random for each N, to the reference, over 1 / N, and the line of least squares; "
      "it meets 1 / N = 0 at the distance of infinitely many.{}",
      lines_words(run));
  figure.numbers = frechet_infinity_table(run);
  figure.charts = {
      {line_chart({{"1 / samples", Scale::kLinear, {}}, {{{"Fréchet distance", Scale::kLinear, {}}, lines, {}, 200}}}),
       figure.title + "."}};
  return figure;
}

std::optional<Figure> blocks_figure(const QualityRun& run) {
  const auto fd = across_of(run, "fd");
  if (!fd || fd->of_block.size() < 2) return std::nullopt;
  Series line{"Fréchet distance", series_style("fd"), {}, {}, {}, {}};
  Figure figure;
  figure.numbers = {.columns = {"block", "fd", "low", "high"}, .rows = {}};
  for (const QualityNumber& number : fd->of_block) {
    const double place = static_cast<double>(line.x.size() + 1), low = number.low.value_or(number.value),
                 high = number.high.value_or(number.value);
    line.x.push_back(place);
    line.y.push_back(number.value);
    line.low.push_back(low);
    line.high.push_back(high);
    figure.numbers.add({static_cast<int64_t>(place), number.value, low, high});
  }
  const std::pair<double, double> range = {std::ranges::min(line.low), std::ranges::max(line.high)};
  figure.title = fmt::format("The Fréchet distances of {} blocks: {} on average, {} at the least", fd->of_block.size(),
                             format_digits(fd->mean, 4), format_digits(fd->least, 4));
  figure.caption =
      "A point a block; the band is the 95 % bootstrap interval of each. EDM publishes the least of three blocks of 50,000.";
  figure.data_file = "quality.csv";
  figure.charts = {{line_chart({{"block", Scale::kLinear, {}},
                                {{{"Fréchet distance", Scale::kLinear, range}, {line}, {fd->mean}, 200}}}),
                    figure.title + "."}};
  return figure;
}

std::optional<Figure> kernel_figure(const QualityRun& run) {
  const std::vector<Series> lines = part_lines(
      run, [](const QualityBlock& block) { return block.kernel ? block.kernel->values : Tensor(); });
  if (lines.empty()) return std::nullopt;
  return part_figure_of(
      fmt::format("The kernel distance is {} on average over subsets, with a deviation of {}", mean_word(run, "kid"),
                  mean_word(run, "kid_deviation")),
      fmt::format(
          "Part of {} pairs of random subsets of {} samples or fewer whose kernel distance is at most x; unbiased, so it "
          "may be below 0.{}",
          run.inputs.options.subsets, run.inputs.options.subset_size, lines_words(run)),
      lines, "kernel distance", "part of the subsets", {});
}

std::optional<Figure> realism_figure(const QualityRun& run) {
  const std::vector<Series> lines = part_lines(run, [](const QualityBlock& block) {
    if (!block.precision) return Tensor();
    const Tensor& realism = block.precision->realism;
    return realism.masked_select(realism.isfinite());
  });
  if (lines.empty()) return std::nullopt;
  return part_figure_of(
      fmt::format("{} of the samples lie where data are, {} of the data where samples are",
                  percent_word(run, "precision"), percent_word(run, "recall")),
      fmt::format(
          "Precision and recall of balls that reach to the {}rd neighbour. The lines: part of the samples whose realism is "
          "at most x, those at a data point left out; 1 is the border of the nearest dense ball.{}",
          kPrecisionNeighbours, lines_words(run)),
      lines, "realism", "part of the samples", {1});
}

std::optional<Figure> ratio_figure(const QualityRun& run) {
  const std::vector<Series> lines = part_lines(
      run, [](const QualityBlock& block) { return block.copies ? block.copies->ratio : Tensor(); });
  if (lines.empty()) return std::nullopt;
  return part_figure_of(
      fmt::format("{} of the samples are memorised, {} are authentic", percent_word(run, "memorised"),
                  percent_word(run, "authentic")),
      fmt::format(
          "Part of the samples whose distance to the nearest reference sample, over that to the second, is at most x; "
          "memorised below 1/3. Authentic: farther from the nearest than that is from its own neighbour.{}",
          lines_words(run)),
      lines, "nearest over second nearest distance", "part of the samples", {1.0 / 3});
}

std::optional<Figure> held_out_figure(const QualityRun& run) {
  if (!run.held_out) return std::nullopt;
  std::vector<Series> lines = part_lines(
      run, [](const QualityBlock& block) { return block.copies ? block.copies->d1 : Tensor(); });
  if (lines.empty() || run.held_out->d1.numel() < 2) return std::nullopt;
  lines.push_back(part_series("held out", series_style("gaussian"), run.held_out->d1));
  return part_figure_of(
      fmt::format("Samples are {} from the nearest data, held-out ones {}; the distributions differ by {}",
                  mean_word(run, "nearest"), format_digits(run.held_out->d1.mean().item<double>(), 3),
                  mean_word(run, "held_out_distance")),
      fmt::format(
          "Part of the samples, and of {}, whose distance to the nearest reference sample is at most x. The difference is "
          "the largest between the lines (Kolmogorov-Smirnov): copies would lie left of what is held out.{}",
          run.sets.held_out->featured.text, lines_words(run)),
      lines, "distance to the nearest reference sample", "part of the samples", {});
}

// The closest pairs of a block.
std::optional<Picture> copies_picture(const QualityRun& run, const QualityBlock& block) {
  const auto& samples = run.sets.samples[block.set].samples;
  const auto& reference = run.sets.reference.samples;
  if (!block.copies || !samples || !reference || !samples->images()) return std::nullopt;
  const Tensor order = block.copies->d1.argsort(/*stable=*/true, 0, /*descending=*/false);
  const int64_t shown = std::min(kShownCopies, order.size(0));
  std::vector<Tensor> above, below;
  for (int64_t i = 0; i < shown; ++i) {
    const int64_t place = order[i].item<int64_t>();
    above.push_back(samples->rows(block.first + block.chosen[place].item<int64_t>(), 1));
    below.push_back(reference->rows(block.copies->nearest[place].item<int64_t>(), 1));
  }
  const auto distance = [&](int64_t i) { return format_digits(block.copies->d1[order[i]].item<double>(), 3); };
  const std::string words = fmt::format("distances {} to {}, from the left", distance(0), distance(shown - 1));
  return Picture{pair_grid_png(torch::cat(above), torch::cat(below)),
                 fmt::format("The closest pairs of {}: {}", block.name, words),
                 block.name,
                 {words}};
}

std::optional<Figure> copies_figure(const QualityRun& run) {
  Figure figure;
  for (const QualityBlock& block : run.blocks) {
    auto picture = copies_picture(run, block);
    if (picture && figure.pictures.size() < kMostLines) figure.pictures.push_back(std::move(*picture));
  }
  if (figure.pictures.empty()) return std::nullopt;
  figure.title = "The samples that are nearest to the reference";
  figure.caption = "Above samples, below the nearest of the reference, by distance in the features.";
  figure.data_file = "samples.csv";
  return figure;
}

}  // namespace

const std::vector<FigureRow<QualityRun>>& quality_figures() {
  static const std::string kDistances = "Distances", kSupport = "Precision and recall", kCopies = "Copies";
  static const std::vector<FigureRow<QualityRun>> rows = {
      {kDistances, infinity_figure, "fd_infinity.csv", "the Fréchet distance of some of the samples"},
      {kDistances, blocks_figure},
      {kDistances, kernel_figure},
      {kSupport, realism_figure},
      {kCopies, ratio_figure},
      {kCopies, held_out_figure},
      {kCopies, copies_figure}};
  return rows;
}

}  // namespace farfield
