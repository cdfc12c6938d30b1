#include "analysis/page/sample_figure.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "analysis/page/charts.h"
#include "core/io/image.h"
#include "core/text.h"

namespace farfield {
namespace {

constexpr int64_t kMostImages = 64;
constexpr int64_t kGridPixels = 320;  // wanted width of a grid on the page

bool are_images(const torch::Tensor& samples) { return samples.dim() == 4; }

bool are_plane_points(const torch::Tensor& samples) { return samples.dim() == 2 && samples.size(1) == 2; }

std::vector<double> column(const torch::Tensor& points, int64_t index) {
  const torch::Tensor values = points.select(1, index).to(torch::kFloat64).contiguous();
  return {values.const_data_ptr<double>(), values.const_data_ptr<double>() + values.numel()};
}

Chart scatter_of(const std::vector<SampleSet>& sets) {
  std::vector<std::string> kinds, titles;
  for (const SampleSet& set : sets) {
    kinds.push_back(set.kind);
    titles.push_back(set.title);
  }
  const std::vector<SeriesStyle> styles = series_styles(kinds);
  std::vector<PointCloud> clouds;
  for (size_t i = 0; i < sets.size(); ++i) {
    clouds.push_back({sets[i].title, styles[i], column(sets[i].samples, 0), column(sets[i].samples, 1)});
  }
  return {scatter_chart(clouds, "first coordinate", "second coordinate"),
          "Scatter plot of the samples of " + join(titles, ", ") + "."};
}

}  // namespace

std::string sample_grid_png(const torch::Tensor& samples) {
  if (!are_images(samples)) return "";
  const torch::Tensor shown = drawable(samples.narrow(0, 0, std::min(kMostImages, samples.size(0))));
  const auto columns = static_cast<int64_t>(std::ceil(std::sqrt(static_cast<double>(shown.size(0)))));
  const int64_t zoom = std::clamp<int64_t>(kGridPixels / (columns * (shown.size(3) + 2)), 1, 8);
  return encode_png(image_grid(to_bytes(shown), columns, 2, zoom));
}

Figure sample_figure(const std::string& title, const std::string& caption, const std::vector<SampleSet>& sets) {
  Figure figure;
  figure.title = title;
  figure.caption = caption;
  if (std::all_of(sets.begin(), sets.end(), [](auto& set) { return are_plane_points(set.samples); })) {
    figure.charts.push_back(scatter_of(sets));
  }
  for (const SampleSet& set : sets) {
    if (!are_images(set.samples)) continue;
    const int64_t shown = std::min(kMostImages, set.samples.size(0));
    figure.pictures.push_back(
        {sample_grid_png(set.samples), fmt::format("{} samples of {}", shown, set.title), set.title, set.captions});
  }
  if (figure.charts.empty() && figure.pictures.empty()) {
    figure.caption += " Samples of this shape have no picture; they are in the arrays beside the report.";
  }
  return figure;
}

}  // namespace farfield
