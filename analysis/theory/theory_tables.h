#pragma once

#include <optional>
#include <string>
#include <vector>

#include "analysis/paths/curve.h"
#include "analysis/theory/theory_run.h"
#include "core/io/rows.h"

namespace farfield {

// The files of `farfield theory` as tables (docs/formats.md); what was not measured has no rows.
Table curves_table(const TheoryRun& run);        // theory.csv
Table rotation_table(const TheoryRun& run);      // rotation.csv
Table conserved_table(const TheoryRun& run);     // conserved.csv
Table prediction_table(const TheoryRun& run);    // prediction.csv
Table perturbation_table(const TheoryRun& run);  // perturbation.csv
Table noise_map_table(const TheoryRun& run);     // noise_map.csv

// The paths that were measured, "model" first, and one of their measures over trajectories; of all levels, or of those with a D.
std::vector<std::string> measured_paths(const TheoryRun& run);
Curve path_curve(const TheoryRun& run, const std::string& path, const std::string& measure);
// Along direction k.
Curve path_curve_along(const TheoryRun& run, const std::string& path, const std::string& measure, int64_t k);
// The angle of the state in the plane of its path's ends, in degrees from x_T.
Curve angle_curve(const TheoryRun& run, const std::string& path);

// A perturbation's response along its direction ("along"), or its length ("size"), at every perturbed level.
Curve response_curve(const TheoryRun& run, const std::string& measure, int64_t k);
double perturbation_theory(const TheoryRun& run, int64_t k, size_t level);
// sum |response - theory| / sum theory over the components and levels; nothing without an experiment or variance.
std::optional<double> perturbation_deviation(const TheoryRun& run);

// Levels of the path [L], or those with a D [L - 1].
std::vector<double> levels_with_denoised(const TheoryRun& run);

}  // namespace farfield
