#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "analysis/geometry/geometry_report.h"
#include "analysis/geometry/geometry_tables.h"
#include "analysis/page/format.h"
#include "analysis/page/strips.h"
#include "analysis/page/view3d.h"
#include "analysis/paths/path_views.h"
#include "core/text.h"

namespace farfield {
namespace {

// The errors of the model's reconstructions, a line each, in the colours of lines that are no denoisers.
std::vector<Series> error_lines(const GeometryView& view) {
  std::vector<Series> lines;
  for (size_t k = 0; k < 5; ++k) {
    const std::string label = fmt::format("{}-D", k + 1);
    lines.push_back(
        curve_series(label, series_style(label, static_cast<int>(k)), view.run.levels, view.model().errors[k]));
  }
  return lines;
}

// The share of the variance that the first 1 ... 5 components hold, a line a path.
std::vector<Series> explained_lines(const GeometryView& view) {
  const std::vector<SeriesStyle> styles = path_styles(view);
  std::vector<Series> lines;
  for (size_t i = 0; i < view.summaries.size(); ++i) {
    Series line{view.run.paths[i].name, styles[i], {}, {}, {}, {}};
    for (size_t k = 0; k < 5; ++k) {
      const Average& share = view.summaries[i].explained[k];
      if (share.count == 0) continue;
      line.x.push_back(static_cast<double>(k + 1));
      line.y.push_back(share.mean);
      line.low.push_back(std::isfinite(share.low) ? share.low : share.mean);
      line.high.push_back(std::isfinite(share.high) ? share.high : share.mean);
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

Table reconstruction_numbers(const GeometryView& view) {
  Table table{.columns = {"path", "components", "explained", "reconstruction", "mean error"}, .rows = {}};
  for (size_t i = 0; i < view.summaries.size(); ++i) {
    for (size_t k = 0; k < 5; ++k) {
      const Average &share = view.summaries[i].explained[k], &error = view.summaries[i].reconstruction[k];
      table.add({view.run.paths[i].name, static_cast<int64_t>(k + 1),
                 share.count > 0 ? format_measured(share.mean, share.low, share.high) : "", fmt::format("{}-D", k + 1),
                 format_measured(error.mean, error.low, error.high)});
    }
  }
  return table;
}

}  // namespace

std::optional<Figure> reconstruction_figure(const GeometryView& view) {
  const PathSummary& model = view.model();
  if (model.explained[0].count == 0) return std::nullopt;
  const auto share = [&](size_t k) { return format_digits(100 * model.explained[k].mean, 3) + " %"; };
  Figure figure;
  figure.title = fmt::format("Off the chord, {} of a trajectory's variance lies in one direction and {} in two",
                             share(0), share(1));
  figure.caption = fmt::format(
      "Principal components of what is off the chord, of each trajectory alone, {}. The chord alone errs by {} on "
      "average over levels and trajectories; with one component (2-D) by {}, with two by {}, with four by {}. {} 001 "
      "reports about 85 % in two components for ImageNet 64, and does not say whether the mean is taken off.",
      view.run.request.measures.centred ? "less its mean over the levels" : "without taking off its mean",
      format_digits(model.reconstruction[0].mean, 3), format_digits(model.reconstruction[1].mean, 3),
      format_digits(model.reconstruction[2].mean, 3), format_digits(model.reconstruction[4].mean, 3),
      how_measured(view));
  figure.data_file = "reconstruction.csv";
  figure.numbers = reconstruction_numbers(view);
  const std::vector<Series> errors = error_lines(view), shares = explained_lines(view);
  const Axis components{"components", Scale::kLinear, std::pair{1., 5.}};
  figure.charts = {
      {line_chart(
           {sigma_axis(view.run.levels), {{{"error of the reconstructions", Scale::kLog, {}}, errors, {}, 240}}}),
       "Distance of the reconstructions from the states over the noise level. " + ends_of(errors[0])},
      {line_chart({components, {{{"explained variance", Scale::kLinear, {}}, shares, {1}, 240}}}),
       fmt::format("Share of the variance that the first components hold: {} of one, {} of two.", share(0), share(1))}};
  return figure;
}

std::optional<Figure> reconstruction_strips_figure(const GeometryView& view) {
  const ReconstructionViews& views = view.run.views;
  if (!views.denoised.defined()) return std::nullopt;
  Figure figure;
  figure.title = fmt::format(
      "What the denoiser says at the reconstructions: {} off with the chord alone, {} in 2-D, {} in 3-D",
      format_digits(views.differences[0], 2), format_digits(views.differences[1], 2),
      format_digits(views.differences[2], 2));
  figure.caption = fmt::format(
      "D at the states of {} trajectories and at their reconstructions, {} levels; differences are root mean squares "
      "per number over these. 001 finds three dimensions hard to tell from the trajectory.",
      views.denoised.size(0), views.places.size());
  figure.data_file = "geometry.npz";
  static const std::vector<std::string> kRows = {"D at x", "1-D", "2-D", "3-D"};
  for (int64_t i = 0; i < views.denoised.size(0); ++i) {
    std::vector<StripRow> rows;
    for (size_t row = 0; row < kRows.size(); ++row)
      rows.push_back({kRows[row], views.denoised[i][static_cast<int64_t>(row)]});
    auto picture = strip_picture({fmt::format("seed {}", view.run.request.sampling.seeds[static_cast<size_t>(i)]),
                                  "sigma", level_captions(view.run.levels, views.places), rows});
    if (picture) figure.pictures.push_back(std::move(*picture));
  }
  return figure;
}

std::optional<Figure> view_figure(const GeometryView& view) {
  const MeasuredPaths& path = view.run.paths[0];
  const torch::Tensor coordinates = view_coordinates(path);
  const auto points = coordinates.accessor<double, 3>();
  const SeriesStyle style = path_styles(view)[0];
  View3d shown{{"a", "b", "c"}, {}, 30, 22};
  std::array<double, 3> extent = {};
  for (int64_t i = 0; i < points.size(0); ++i) {
    Curve3d curve{path.name, style, {}, {}, {}};
    for (int64_t n = 0; n < points.size(1); ++n) {
      const double at[3] = {points[i][n][0], points[i][n][1], points[i][n][2]};
      curve.a.push_back(at[0]);
      curve.b.push_back(at[1]);
      curve.c.push_back(at[2]);
      for (size_t k = 0; k < 3; ++k) extent[k] = std::max(extent[k], std::fabs(at[k]));
    }
    shown.curves.push_back(std::move(curve));
  }
  Figure figure;
  figure.title = fmt::format("One shape for all: {} along the chord, {} and {} across it", format_digits(extent[0], 4),
                             format_digits(extent[1], 3), format_digits(extent[2], 2));
  figure.caption = fmt::format(
      "The first {} trajectories: a along the chord from the end on, b and c on each one's own first two components "
      "off it, turned and mirrored onto the first (orthogonal Procrustes). Each axis has a scale of its own: a is "
      "orders larger. A filled mark is the noise end, an open one the sample. Drag to turn; the second and third are "
      "the same from above (a, b) and along the chord (b, c).",
      points.size(0));
  figure.data_file = "view.csv";
  figure.numbers.columns = {"trajectory", "largest a", "largest |b|", "largest |c|"};
  for (int64_t i = 0; i < points.size(0); ++i) {
    const torch::Tensor sizes = coordinates[i].abs().amax(0);
    figure.numbers.add({i, format_digits(sizes[0].item<double>(), 4), format_digits(sizes[1].item<double>(), 3),
                        format_digits(sizes[2].item<double>(), 3)});
  }
  const std::string words = fmt::format(" Extents {}, {} and {}.", format_digits(extent[0], 3),
                                        format_digits(extent[1], 3), format_digits(extent[2], 3));
  View3d above = shown, along = shown;
  above.turn = 0;
  above.tilt = 90;
  along.turn = 90;
  along.tilt = 0;
  figure.charts = {{view_3d(shown), "Trajectories in three dimensions, seen obliquely." + words},
                   {view_3d(above), "The same seen from above: b over a."},
                   {view_3d(along), "The same seen along the chord: c over b."}};
  return figure;
}

}  // namespace farfield
