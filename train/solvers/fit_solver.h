#pragma once

#include "samplers/few_steps/fit_record.h"

namespace farfield {

// Learns a solver of few steps (a FitFn): Adam at settings.rate, which falls to a twentieth along a cosine, on the mean square per
// number of the distance between where the table and the teacher lead the same latents; gradients go back through the whole
// run, whose evaluations are made again on the way (checkpointed()). Batches go round `train` in order. The held-out seeds are
// measured before the first update and about twenty times after; the best table of those is the result, the start where none
// was better. The same numbers for the same settings, threads and device. usage_error as FitSettings::resolved() and
// table_family(), and for seeds that are in both sets; numeric_error for a loss that is not finite.
FitRecord fit_solver(const Denoiser& model, const FitSettings& settings, const std::vector<double>& levels,
                     const TeacherEnds& train, const TeacherEnds& held_out, torch::Device device,
                     const FitProgress& progress = {});

// The mean square per number between the ends of `table` and of the teacher, [n] float64, `batch` at a time.
torch::Tensor table_squares(const Denoiser& model, const SolverTable& table, const TeacherEnds& ends, int64_t batch,
                            torch::Device device, const FitProgress& progress = {});

}  // namespace farfield
