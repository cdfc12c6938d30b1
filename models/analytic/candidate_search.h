#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include <torch/types.h>

namespace farfield {

// Points of a data set near a state, by lower bounds on all distances: few of the points are read.
struct Candidates {
  std::vector<int64_t> kept;  // those that count, rising
  double nearest = 0;         // squared distance of the nearest
  double outside = 0;         // every other point is at least this far away, squared
  int64_t nearest_index = 0;
  int64_t read = 0;                     // points whose distance was computed
  std::vector<double> log_counts = {};  // of each kept: it stands for exp of that many; empty: for itself
};

// A state and what is known of its distances: `lower` [N] bounds of CandidateBounds with their slack; x [d]; points [N, d].
struct CandidateQuery {
  const double* x;
  const float* points;
  int64_t count, dim;
  const float* lower;
  double slack;
};

// All points with |x - y|^2 <= nearest + margin, a rounding of it more, and no others; nothing when more than `most_read` bounds are that low, before
// their points are read.
std::optional<Candidates> within_margin(const CandidateQuery& query, double margin, int64_t most_read);

// The `neighbours` nearest, of those as far as the last the first; all when there are no more.
Candidates nearest_candidates(const CandidateQuery& query, int64_t neighbours);

// The `screened` with the lowest `lower`, of those the `neighbours` nearest: what bounds that are no bounds give.
Candidates screened_candidates(const CandidateQuery& query, int64_t screened, int64_t neighbours);

}  // namespace farfield
