#pragma once

#include <cstdint>
#include <filesystem>

#include <torch/types.h>

#include "analysis/features/feature_contract.h"

namespace farfield {

// Mean and covariance of features, float64 on the CPU.
struct FeatureMoments {
  int64_t count = 0;         // n; 0: not known (EDM's files do not say)
  torch::Tensor mean;        // [d]
  torch::Tensor covariance;  // [d, d], symmetric; sum of centred outer products over n - ddof
  int64_t ddof = 1;          // 1 as in every public code, or 0
  FeatureContract contract;

  int64_t dim() const { return mean.size(0); }
};

// Of features [n, d] floating, n >= 2. In blocks of fixed rows, core/math/moments: the same bits for any number of ranks
// and threads. usage_error for fewer than 2, numeric_error naming the rows for what is not finite.
FeatureMoments feature_moments(const torch::Tensor& features, const FeatureContract& contract);

// Of both together, as if one had seen all (pairwise update, Chan et al. 1983): n = n_a + n_b. usage_error when they differ
// in contract, dimension or ddof, or a count is not known.
FeatureMoments merge(const FeatureMoments& a, const FeatureMoments& b);

// An .npz with EDM's mu [d] and sigma [d, d], float64, and n, ddof (int64 []) and contract (its JSON's bytes, uint8). In files
// without them, EDM's own, n is not known, ddof 1 and the contract unknown. bad_file for arrays of other shapes, not finite
// ones, a sigma that is not symmetric to 1e-6 of its largest entry.
FeatureMoments read_feature_moments(const std::filesystem::path& path);
void write_feature_moments(const std::filesystem::path& path, const FeatureMoments& moments);

}  // namespace farfield
