#pragma once

#include <optional>
#include <string>
#include <vector>

#include "analysis/compare/agreement_table.h"
#include "analysis/compare/comparison.h"
#include "analysis/compare/end_distances.h"
#include "analysis/compare/ranking.h"
#include "analysis/compare/trajectories.h"
#include "analysis/page/report.h"

namespace farfield {

// What the bands of trajectories show: the 95 % interval of the ratio of totals, or the quartiles over seeds of each one's own
// (002, figures 7 and 15).
enum class PathBand { kInterval, kQuartiles };
PathBand parse_band(const std::string& text);  // "interval", "quartiles"; usage_error

// All that a comparison measured, with the rows made of it.
struct CompareResult {
  Comparison comparison;
  std::vector<ComparisonRow> rows;
  std::vector<std::string> kinds;  // of the references, for their colours
  Trajectories trajectories;
  std::vector<TrajectoryRow> trajectory_rows;
  std::optional<Ranking> ranking;
  std::vector<AgreementRow> agreement;
  std::vector<EndDistance> ends;
  torch::Tensor perceptual;                  // [R,n], perceptual_ends(); undefined where no network was asked
  std::vector<EndDistance> perceptual_ends;  // of these
  std::vector<double>
      features;  // sigma at which the data's largest components appear: sqrt of ten eigenvalues, of tr S
};

// Makes the rows, the ranking and what follows of what was measured.
void summarise(CompareResult& result, int64_t replicates, uint64_t seed);

// The answer in one sentence, with its numbers: from which noise level on each reference explains 99 % of the model's
// score (the lower end of the 95 % interval; explained_from()), probed at noised data where there are data. The Gaussian
// comes first where there is one; ranking_sentence() comes last.
std::string headline(const CompareResult& result, const std::string& model);
// Which reference comes first over all levels, and by how much; "" without a ranking.
std::string ranking_sentence(const CompareResult& result);
// A reference within a sentence: "the Gaussian", "mixture,components=10".
std::string in_words(const CompareResult& result, int64_t reference);

// What the figures of a comparison show: its numbers, and the model's name in titles.
struct CompareView {
  const CompareResult& result;
  const std::string& model;
  PathBand band = PathBand::kInterval;
};

// The figures, each a row of the table in compare_output.cpp. Those over the noise level link to comparison.csv, those along
// trajectories to trajectory.csv.
std::optional<Figure> ranking_figure(const CompareView& view);
Figure explained_score_figure(const CompareView& view);
std::optional<Figure> classes_figure(const CompareView& view);
Figure explained_denoiser_figure(const CompareView& view);
Figure difference_figure(const CompareView& view);
std::optional<Figure> agreement_figure(const CompareView& view);
std::optional<Figure> deviation_figure(const CompareView& view);   // of the references' trajectories from the model's
Figure same_seeds_figure(const CompareView& view);                 // samples
std::optional<Figure> perceptual_figure(const CompareView& view);  // how far these are to a network
// Strips of images along the trajectories; nothing where samples are no images. State, step and D of the model above those
// of the Gaussian's closed form, where there is one ("Unreasonable Effectiveness", figures 5A, 16A); D of every path (1B, 8A).
std::optional<Figure> path_strips_figure(const CompareView& view);
std::optional<Figure> denoiser_strips_figure(const CompareView& view);

}  // namespace farfield
