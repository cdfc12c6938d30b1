#include "analysis/compare/compare_output.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "analysis/compare/class_table.h"
#include "analysis/page/figure_table.h"
#include "analysis/page/file_word.h"
#include "analysis/page/format.h"
#include "analysis/page/sample_figure.h"
#include "core/io/file.h"
#include "core/io/npz.h"
#include "core/text.h"

namespace farfield {
namespace {

torch::Tensor array_of(const std::vector<double>& values) { return torch::tensor(values, torch::kFloat64); }

void write_arrays(const CompareResult& result, const RunFolder& folder) {
  const Comparison& c = result.comparison;
  write_npz(folder.path("comparison.npz"), {{"sigmas", array_of(c.sigmas)},
                                            {"difference", c.difference},
                                            {"model_score", c.model_score},
                                            {"model_denoised", c.model_denoised},
                                            {"reference_score", c.reference_score},
                                            {"reference_denoised", c.reference_denoised}});
  const Trajectories& t = result.trajectories;
  std::map<std::string, torch::Tensor> arrays = {{"sigmas", array_of(t.levels)},
                                                 {"state", t.state},
                                                 {"state_difference", t.state_difference},
                                                 {"denoised", t.denoised},
                                                 {"denoised_difference", t.denoised_difference},
                                                 {"agreement_along", t.along},
                                                 {"agreement_free", t.free_running},
                                                 {"agreement_ends", t.ends},
                                                 {"samples", t.samples}};
  if (result.perceptual.defined()) arrays["perceptual"] = result.perceptual;
  if (!t.shown_levels.empty()) {
    arrays["strip_levels"] = torch::tensor(t.shown_levels, torch::kInt64);
    arrays["strip_states"] = t.views.x;
    arrays["strip_steps"] = t.views.step;
    arrays["strip_denoised"] = t.views.denoised;
  }
  write_npz(folder.path("trajectory.npz"), arrays);
}

// One grid a path; the same seeds at the same places.
void write_grids(const CompareResult& result, const std::string& model, Report& report, const RunFolder& folder) {
  const Trajectories& t = result.trajectories;
  for (size_t i = 0; i <= t.paths.size(); ++i) {
    const int64_t count = i == 0 ? t.state.size(1) : t.counts[i - 1];
    const std::string png = sample_grid_png(t.samples[static_cast<int64_t>(i)].narrow(0, 0, count));
    if (png.empty()) continue;
    const std::string name = i == 0 ? model : t.paths[i - 1];
    const std::string file = i == 0 ? "samples-model.png" : fmt::format("samples-{}-{}.png", i, file_word(name));
    write_file_atomically(folder.path(file), png);
    report.file(file, "samples of " + name);
  }
}

// Every figure of a comparison: a new one is a function in compare_report.h and a row here.
const std::vector<FigureRow<CompareView>>& compare_figures() {
  static const std::string kExplained = "Explained variance", kPaths = "Trajectories and samples";
  static const std::vector<FigureRow<CompareView>> rows = {
      {"Which theory explains it", ranking_figure},
      {kExplained, explained_score_figure, "", "",
       "How much of the model's score each reference accounts for. Sampling runs from right to left: from pure noise "
       "at high σ to the image at low σ."},
      {kExplained, classes_figure},
      {kExplained, explained_denoiser_figure},
      {kExplained, difference_figure},
      {kPaths, deviation_figure},
      {kPaths, agreement_figure},
      {kPaths, denoiser_strips_figure},
      {kPaths, path_strips_figure},
      {kPaths, same_seeds_figure},
      {kPaths, perceptual_figure},
  };
  return rows;
}

}  // namespace

void write_comparison(const CompareResult& result, const CompareStory& story, const EarlierRuns& earlier,
                      const RunFolder& folder) {
  write_csv(folder.path("comparison.csv"), comparison_table(result.comparison, result.rows));
  write_csv(folder.path("trajectory.csv"), trajectory_table(result.trajectories, result.trajectory_rows));
  write_csv(folder.path("agreement.csv"), agreement_table(result.trajectories, result.agreement));
  write_csv(folder.path("ends.csv"), end_table(result.trajectories.paths, result.ends, "mse"));
  if (result.perceptual.defined()) {
    write_csv(folder.path("perceptual.csv"),
              end_table(result.trajectories.paths, result.perceptual_ends, "perceptual"));
  }
  const std::vector<ClassRow> classes = class_rows(result.comparison);
  if (!classes.empty()) write_csv(folder.path("classes.csv"), class_table(result.comparison, classes));
  if (result.ranking) write_csv(folder.path("ranking.csv"), ranking_table(result.comparison, *result.ranking));
  write_arrays(result, folder);

  Report report("farfield compare", fmt::format("The score of {} and scores known exactly", story.model),
                headline(result, story.model), {story.command, story.asked, story.settings});
  report.file("comparison.csv", "every number of the charts over the noise level, and more");
  report.file("comparison.npz", "squared norms of every probe");
  report.file("trajectory.csv", "every number of the trajectory charts");
  report.file("agreement.csv", "how alike D and the samples are to the model's, by six measures");
  report.file("ends.csv", "distances of the final samples, seed by seed, with paired differences");
  if (result.perceptual.defined()) report.file("perceptual.csv", "the same to a perceptual network");
  if (!classes.empty()) report.file("classes.csv", "the explained variance of the score, class by class");
  if (result.ranking) report.file("ranking.csv", "the references in order, over all noise levels and at each");
  report.file("trajectory.npz", "squared norms along every trajectory, the samples, what the strips show");
  write_grids(result, story.model, report, folder);
  add_figures(report, compare_figures(), {result, story.model, story.band}, folder);
  earlier.add_to(report, folder);
  report.write(folder.path("report.html"));
}

}  // namespace farfield
