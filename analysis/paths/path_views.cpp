#include "analysis/paths/path_views.h"

#include "analysis/page/format.h"
#include "core/error.h"

namespace farfield {

PathViews path_views(const Path& path, PathSpace space, const std::vector<int64_t>& places, int64_t rows) {
  std::vector<torch::Tensor> x, step, denoised;
  for (const int64_t place : places) {
    check(place >= 0 && place + 1 < static_cast<int64_t>(path.levels.size()), "path_views: a level with a step");
    const auto at = [&](const torch::Tensor& all, int64_t n) { return all[n].narrow(0, 0, rows); };
    const torch::Tensor state = at(path.states, place);
    x.push_back(space == PathSpace::kVp ? state : state * vp_alpha(path.levels[place]));
    step.push_back(state - at(path.states, place + 1));
    denoised.push_back(at(path.denoised, place));
  }
  const auto stacked = [](const std::vector<torch::Tensor>& views) {
    return torch::stack(views, 1).to(torch::kFloat32).cpu();
  };
  return {stacked(x), stacked(step), stacked(denoised)};
}

std::vector<std::string> level_captions(const std::vector<double>& levels, const std::vector<int64_t>& places) {
  std::vector<std::string> captions;
  for (const int64_t place : places) captions.push_back(format_sigma(levels[place]));
  return captions;
}

std::vector<StripRow> view_rows(const PathViews& views, int64_t row, const std::string& name) {
  const std::string of = name.empty() ? "" : " " + name;
  return {{"x" + of, views.x[row]}, {"step" + of, scaled_to_largest(views.step[row])}, {"D" + of, views.denoised[row]}};
}

}  // namespace farfield
