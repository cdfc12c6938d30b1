#include "analysis/compare/compare_output.h"

#include <algorithm>

#include <fmt/format.h>

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
  write_npz(folder.path("trajectory.npz"), {{"sigmas", array_of(t.levels)},
                                            {"state", t.state},
                                            {"state_difference", t.state_difference},
                                            {"denoised", t.denoised},
                                            {"denoised_difference", t.denoised_difference},
                                            {"samples", t.samples}});
}

// One grid a path; the same seeds at the same places. Returns the files.
Facts write_grids(const CompareResult& result, const CompareStory& story, const RunFolder& folder) {
  Facts files;
  const Trajectories& t = result.trajectories;
  for (size_t i = 0; i <= t.paths.size(); ++i) {
    const std::string png = sample_grid_png(t.samples[static_cast<int64_t>(i)]);
    if (png.empty()) continue;
    const std::string name = i == 0 ? story.model : t.paths[i - 1];
    const std::string file = i == 0 ? "samples-model.png" : fmt::format("samples-{}-{}.png", i, file_word(name));
    write_file_atomically(folder.path(file), png);
    files.emplace_back(file, "samples of " + name);
  }
  return files;
}

Facts file_list(const Facts& grids) {
  Facts files = {{"comparison.csv", "every number of the charts over the noise level, and more"},
                 {"comparison.npz", "squared norms of every probe"},
                 {"trajectory.csv", "every number of the trajectory charts"},
                 {"trajectory.npz", "squared norms along every trajectory, and the samples"}};
  files.insert(files.end(), grids.begin(), grids.end());
  files.emplace_back("run.json", "command, settings, versions, SHA-256 of the inputs");
  return files;
}

}  // namespace

void write_comparison(const CompareResult& result, const CompareStory& story, const EarlierRuns& earlier,
                      const RunFolder& folder) {
  write_csv(folder.path("comparison.csv"), comparison_table(result.comparison, result.rows));
  write_csv(folder.path("trajectory.csv"), trajectory_table(result.trajectories, result.trajectory_rows));
  write_arrays(result, folder);
  const Facts grids = write_grids(result, story, folder);

  Report report("farfield compare", fmt::format("The score of {} and scores known exactly", story.model),
                headline(result, story.model));
  report.code(join(story.command, " "));
  report.facts(story.asked);
  add_explained_variance(report, result);
  add_trajectories(report, result, story.model);
  earlier.add_to(report, folder);
  report.section("Settings");
  report.facts(story.settings);
  report.section("Files");
  report.files(file_list(grids));
  report.write(folder.path("report.html"));
}

}  // namespace farfield
