#pragma once

#include <optional>

#include "analysis/page/report.h"
#include "analysis/smoothing/smoothing_run.h"

namespace farfield {

// The figures of `farfield smoothing`, in the order of the page.
std::optional<Figure> score_figure(const SmoothingRun& run);    // 004, Fig 1 and 2: the scores at t_0
std::optional<Figure> scatter_figure(const SmoothingRun& run);  // Fig 3: the starts and where they end; two dimensions
std::optional<Figure> density_figure(const SmoothingRun& run);  // Fig 3: densities of the first coordinate
std::optional<Figure> process_figure(const SmoothingRun& run);  // the table of the processes
std::optional<Figure> decay_figure(const SmoothingRun& run);    // Fig 1: scores learned with weight decay; none without
std::optional<Figure> divergence_figure(const SmoothingRun& run);  // Corollary 5: divergence and bounds over t_0
std::optional<Figure> loss_figure(const SmoothingRun& run);        // Prop. 2: the loss of smoothing over t

}  // namespace farfield
