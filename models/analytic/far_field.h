#pragma once

#include <memory>
#include <string_view>

#include "models/analytic/analytic.h"

namespace farfield {

// The far-field expansion of any data with mean m and covariance S ("The Unreasonable Effectiveness of Gaussian Score
// Approximation", eq. 26 and 159): the first terms, up to S^order, of D = m + (S/sigma^2 - S^2/sigma^4 + ...) (x - m).
//   order 0, `mean`:      D = m, the score of N(m, 0); the paper calls it the isotropic Gaussian ("Iso")
//   order 1, `gaussian1`: D = m + S/sigma^2 (x - m)
//   order 2, `gaussian2`: D = m + (S/sigma^2 - S^2/sigma^4) (x - m)
// The series converges to the Gaussian's D where sigma^2 > the largest eigenvalue. Below, orders 1 and 2 are what the
// formula says, and far from any denoiser: D grows without bound, and no trajectory leads through it.
// log_density() has the terms' own density, whose precision is (1/sigma^2) (I - S/sigma^2 [+ S^2/sigma^4]); usage_error
// where that is not positive: order 1, sigma^2 <= the largest eigenvalue. order in [0, 2].
std::unique_ptr<AnalyticDenoiser> make_far_field(GaussianStats stats, int order, std::vector<int64_t> shape);

// Whether a kind (DenoiserInfo::kind) is such an expansion that low noise levels have no meaning for: order 1 or 2.
bool is_expansion(std::string_view kind);

}  // namespace farfield
