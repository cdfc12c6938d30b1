#pragma once

#include <optional>
#include <string>

#include "analysis/page/report.h"
#include "analysis/theory/theory_run.h"

namespace farfield {

// The figures of `farfield theory`, one function each; nothing where there is nothing to show. Closed forms alone:
std::optional<Figure> curves_figure(const TheoryRun& run);     // psi, xi, their slopes and the amplification
std::optional<Figure> emergence_figure(const TheoryRun& run);  // when each component appears
std::optional<Figure> deficit_figure(const TheoryRun& run);    // the rotation's error over eigenvalues, and its bounds

// Along trajectories:
std::optional<Figure> plane_figure(const TheoryRun& run);
std::optional<Figure> rotation_error_figure(const TheoryRun& run);
std::optional<Figure> conserved_figure(const TheoryRun& run);
std::optional<Figure> prediction_figure(const TheoryRun& run);
std::optional<Figure> perturbation_figure(const TheoryRun& run);
std::optional<Figure> amplification_figure(const TheoryRun& run);  // the experiment as a map, model and theory
std::optional<Figure> strips_figure(const TheoryRun& run);         // of images
std::optional<Figure> noise_map_figure(const TheoryRun& run);

// What words call a path: "the model", "the Gaussian".
std::string words_of_path(const std::string& path);

}  // namespace farfield
