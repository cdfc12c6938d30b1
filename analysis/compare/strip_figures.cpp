#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "analysis/compare/compare_report.h"
#include "analysis/page/format.h"
#include "core/text.h"

namespace farfield {
namespace {

constexpr double kAlike = 0.01;  // of a relative squared distance, where deviation_figure() has its thin line

std::optional<size_t> closed_form_in(const Trajectories& paths) {
  const auto found = std::ranges::find_if(
      paths.paths, [](const std::string& name) { return name.find("closed form") != std::string::npos; });
  if (found == paths.paths.end()) return std::nullopt;
  return static_cast<size_t>(found - paths.paths.begin());
}

// What strips show of the model (0) or of path r (r + 1).
PathViews views_of_path(const Trajectories& paths, size_t place) {
  const auto at = static_cast<int64_t>(place);
  return {paths.views.x[at], paths.views.step[at], paths.views.denoised[at]};
}

// Down to which level D along path r stays within kAlike of the model's: "down to σ = 3".
std::string how_alike(const CompareResult& result, size_t path) {
  std::optional<double> sigma;
  for (const TrajectoryRow& row : result.trajectory_rows) {
    if (row.path != static_cast<int64_t>(path)) continue;
    if (!(row.denoiser_deviation <= kAlike)) break;
    sigma = result.trajectories.levels[static_cast<size_t>(row.level)];
  }
  return sigma ? fmt::format("down to σ = {}", format_sigma(*sigma)) : "at no level";
}

using RowsOfSeed = std::function<std::vector<StripRow>(int64_t seed)>;

// One strip a seed.
std::vector<Picture> seed_strips(const Trajectories& paths, const RowsOfSeed& rows) {
  std::vector<Picture> pictures;
  for (size_t i = 0; i < paths.shown_seeds.size(); ++i) {
    auto picture = strip_picture({fmt::format("seed {}", paths.shown_seeds[i]), "sigma",
                                  level_captions(paths.levels, paths.shown_levels), rows(static_cast<int64_t>(i))});
    if (picture) pictures.push_back(std::move(*picture));
  }
  return pictures;
}

}  // namespace

std::optional<Figure> denoiser_strips_figure(const CompareView& view) {
  const Trajectories& paths = view.result.trajectories;
  if (paths.shown_seeds.empty()) return std::nullopt;
  std::vector<std::string> alike;
  for (size_t r = 0; r < paths.paths.size(); ++r) {
    alike.push_back(fmt::format("{} {}", paths.paths[r], how_alike(view.result, r)));
  }
  Figure figure;
  figure.title = alike.empty() ? "What the denoiser says along a trajectory"
                               : "D along the trajectories is within 1 % of the model's for " + join(alike, ", ");
  figure.caption =
      "D(x; σ) along each one's own trajectory from the same noise, over the noise level. Within 1 %: Σ‖D − D_ref‖² ≤ "
      "0.01 Σ‖D‖² over seeds, at that level and every higher one.";
  figure.data_file = "trajectory.csv";
  figure.pictures = seed_strips(paths, [&](int64_t seed) {
    std::vector<StripRow> rows = {{"D model", views_of_path(paths, 0).denoised[seed]}};
    for (size_t r = 0; r < paths.paths.size(); ++r)
      rows.push_back({"D " + paths.paths[r], views_of_path(paths, r + 1).denoised[seed]});
    return rows;
  });
  return figure;
}

std::optional<Figure> path_strips_figure(const CompareView& view) {
  const Trajectories& paths = view.result.trajectories;
  const auto closed = closed_form_in(paths);
  if (paths.shown_seeds.empty() || !closed) return std::nullopt;
  Figure figure;
  figure.title = fmt::format("The model's trajectory above the Gaussian's closed form: D is within 1 % of it {}",
                             how_alike(view.result, *closed));
  figure.caption = fmt::format(
      "State x, shown as x / √(1 + σ²) so that it is of the data's size; step x_n − x_(n+1){}, divided by its largest "
      "absolute value; and D(x_n). Three rows each, from the same noise.",
      paths.space == PathSpace::kVp ? " of the VP view" : "");
  figure.pictures = seed_strips(paths, [&](int64_t seed) {
    std::vector<StripRow> rows = view_rows(views_of_path(paths, 0), seed, "model");
    for (StripRow& row : view_rows(views_of_path(paths, *closed + 1), seed, "closed form"))
      rows.push_back(std::move(row));
    return rows;
  });
  return figure;
}

}  // namespace farfield
