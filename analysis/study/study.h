#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "analysis/paths/part_store.h"
#include "analysis/study/study_types.h"
#include "core/comm.h"
#include "models/denoiser.h"

namespace farfield {

// Every deterministic solver that steps through a schedule as it is, exact ones only (no `_compat`).
std::vector<std::string> study_solvers();

// Errors of all combinations against the reference, the same trajectory at a tight tolerance. Equal evaluations (the
// first of all, those of a shared beginning) are made once (evaluation_memo.h). Schedules end at 0 or at their sigma_min;
// the reference is taken where they end. Ranks share the batches, whose finished ones `parts` keeps; the measures are the root's
// alone. usage_error also for a sweep without a Gaussian and for features beyond limits::kMostBytes.
Study run_study(const Denoiser& model, const StudyRequest& request, const PartStore& parts = {}, Comm& comm = alone());

// The best run within `budget` evaluations, teleported ones counted only with `teleported`; nullptr when there is none.
const StudyRun* best_within(const Study& study, int64_t budget, bool teleported);
// The best by `measure`, number `m` of the study's, teleported ones counted.
const StudyRun* best_measured(const Study& study, int64_t budget, size_t m, const SetMeasure& measure);

}  // namespace farfield
