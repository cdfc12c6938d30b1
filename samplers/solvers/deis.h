#pragma once

#include <cstdint>
#include <vector>

#include "samplers/solvers/solver.h"

namespace farfield {

// The weights of the slopes, newest first, in step i of tAB-DEIS with up to `order` slopes (Zhang and Chen 2023): the
// integral over sigma of the Lagrange polynomials in VP time; in sigma itself for steps from below 1e-4, where VP time
// no longer tells noise levels apart.
std::vector<double> deis_tab_weights(const RunPlan& plan, int64_t i, int order);

// The same as diff-sampler computes them: 10,000 equal rectangles whose points include both ends, in VP time. The
// weights add up to 1.00001 to 1.0001 times a long step; what is left of that on short ones makes the order 2. Euler's
// where the integrand is not finite: in a step to 0, and below about 1e-8.
std::vector<double> deis_tab_compat_weights(const RunPlan& plan, int64_t i, int order);

}  // namespace farfield
