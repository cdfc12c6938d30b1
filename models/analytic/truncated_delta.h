#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "models/analytic/analytic.h"
#include "models/analytic/candidate_reading.h"

namespace farfield {

// The exact denoiser of a data set, without the points that hardly count: one of
struct Truncation {
  double epsilon =
      0;  // the points left out have at most this share of the weight, for sure, so that |D - exact| <= epsilon
          // times the largest distance of two points, and log p is at most -ln(1 - epsilon) too low
  int64_t neighbours = 0;  // the K nearest alone; nothing is promised, what is left out is measured
  int64_t uniform = 0;     // with neighbours: so many of the others for all of them, the same for every state
  int64_t draws = 0;       // with neighbours: so many points drawn near their weights; the mean of self-normalised sums
  bool golden =
      false;  // of the nearest in images of half the size some of the nearest, more the more noise (GoldDiff, ICML 2026)
};

// points [N, ...shape] float32, kept and not copied. Distances are bounded from below by the points' 128 leading principal
// components and the length of the rest; points are read that the bounds leave. Where too many are left, all are, by
// make_delta(). Also a CandidateReader; its count is of all threads. Golden takes images [C, H, W] alone; its order of the points,
// that of `uniform` and the draws are seeded by `seed`. The products of the latter two are estimates of the exact denoiser's.
// usage_error unless exactly one is asked for, 0 < epsilon < 1, and at most one of uniform and draws, with neighbours.
std::unique_ptr<AnalyticDenoiser> make_truncated_delta(torch::Tensor points, const std::vector<int64_t>& shape,
                                                       const Truncation& truncation, uint64_t seed = 0);

// How many of N points the golden subset screens, keeps and weighs at a noise level: g = 1 - sigma / sqrt(1 + sigma^2).
struct GoldenSizes {
  int64_t pool, screened, weighed;
};
GoldenSizes golden_sizes(int64_t points, double sigma);

}  // namespace farfield
