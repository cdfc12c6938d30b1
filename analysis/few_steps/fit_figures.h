#pragma once

#include <optional>

#include "analysis/few_steps/fit_run.h"
#include "analysis/page/report.h"

namespace farfield {

// Root mean squares over the updates, of batches and of the held-out seeds.
std::optional<Figure> updates_figure(const SolverFitRun& run);

// The fitted tables beside known solvers of as many evaluations.
std::optional<Figure> rivals_figure(const SolverFitRun& run);

// Where the fitted tables evaluate.
std::optional<Figure> places_figure(const SolverFitRun& run);

}  // namespace farfield
