#pragma once

#include <cstdint>
#include <span>

#include "models/analytic/candidate_search.h"

namespace farfield {

// Points that stand for those that are not read, in sums over all points of exp(-|x - y|^2 / (2 sigma^2)) and of that times y:
// every kept point counts exp(log_count) times, such that the sums are right on average.

// `found` and the first `wanted` others of `order`, a random order of all points, each for (N - K) / wanted of them ("closed-form
// diffusion models", Scarvelis et al. 2023). With as many as there are others: exact.
Candidates with_uniform_others(const CandidateQuery& query, Candidates found, std::span<const int64_t> order,
                               int64_t wanted);

// `draws` points with replacement: one of the nearest, `found`, by its weight, any other as if it had that of the last of
// them; each counts 1 / (draws times its chance). The stream is keyed by `key`, x and the noise level, so that a state has
// the same draws in every batch.
Candidates drawn_candidates(const CandidateQuery& query, const Candidates& found, double variance, int64_t draws,
                            uint64_t key);

}  // namespace farfield
