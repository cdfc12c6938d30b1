#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "analysis/field/field_output.h"
#include "analysis/page/format.h"
#include "analysis/stats/ratio_cell.h"

namespace farfield {
namespace {

constexpr double kNoNumber = std::numeric_limits<double>::quiet_NaN();

}  // namespace

std::vector<SimplexMeasure> simplex_measures(const FieldRun& run) {
  const torch::Tensor places = grid_places(run.plane, run.options.grid);
  const bool triangle = run.plane.anchors.size(0) == 3 && run.plane.dim() > 2;
  const torch::Tensor inside = triangle ? inside_triangle(run.plane, places).nonzero().squeeze(1)
                                        : torch::empty({0}, torch::kInt64);
  std::vector<SimplexMeasure> measures;
  for (int64_t row = 0; row < run.field.size(0); ++row) {
    for (int64_t level = 0; level < run.field.size(1); ++level) {
      const double sigma = run.options.sigmas[static_cast<size_t>(level)];
      const torch::Tensor field = run.field[row][level].flatten(0, 1);  // [grid^2, columns]
      const torch::Tensor moved = field.select(1, kInPlane) * sigma * sigma;
      SimplexMeasure one{row, level, kNoNumber, moved.mean().item<double>(), kNoNumber, 0};
      if (inside.numel() > 0) one.inside = moved.index_select(0, inside).mean().item<double>();
      one.ratio = one.inside / one.box;
      const torch::Tensor squared = field.select(1, kNorm).square();
      const torch::Tensor share = field.select(1, kOutOfPlane).square() / squared;
      one.out_of_plane = torch::where(squared == 0, torch::zeros_like(share), share).mean().item<double>();
      measures.push_back(one);
    }
  }
  return measures;
}

Table field_table(const FieldRun& run) {
  Table table{.columns = {"model", "sigma", "inside", "box", "ratio", "out_of_plane", "largest"}, .rows = {}};
  for (const SimplexMeasure& one : simplex_measures(run)) {
    const double sigma = run.options.sigmas[static_cast<size_t>(one.level)];
    const torch::Tensor in_plane = run.field[one.row][one.level].select(2, kInPlane);
    table.add({run.names[static_cast<size_t>(one.row)], sigma, ratio_cell(one.inside), one.box, ratio_cell(one.ratio),
               one.out_of_plane, in_plane.max().item<double>() * sigma * sigma});
  }
  return table;
}

std::string field_headline(const FieldRun& run) {
  const std::vector<SimplexMeasure> measures = simplex_measures(run);
  const SimplexMeasure& first = measures.front();  // the model at the lowest level
  if (!std::isfinite(first.ratio)) {
    return fmt::format("Score fields of {} and {} more in the plane, at {} noise levels.", run.names[0],
                       run.names.size() - 1, run.options.sigmas.size());
  }
  const SimplexMeasure *least = &first, *most = &first;
  for (size_t row = 1; row < run.names.size(); ++row) {
    const SimplexMeasure& other = measures[row * run.options.sigmas.size()];
    if (other.ratio < least->ratio) least = &other;
    if (other.ratio > most->ratio) most = &other;
  }
  std::string text = fmt::format(
      "At sigma = {} the field of {} within the triangle of the anchors is {} of that over the box (mean length of D - x in the "
      "plane)",
      format_sigma(run.options.sigmas[0]), run.names[0], format_digits(first.ratio, 2));
  if (least != &first) {
    text += fmt::format("; smallest of {}, {}", run.names[static_cast<size_t>(least->row)],
                        format_digits(least->ratio, 2));
  }
  if (most != &first) {
    text += fmt::format("; largest of {}, {}", run.names[static_cast<size_t>(most->row)],
                        format_digits(most->ratio, 2));
  }
  return text + ".";
}

}  // namespace farfield
