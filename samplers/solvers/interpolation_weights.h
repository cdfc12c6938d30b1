#pragma once

#include <functional>
#include <span>
#include <vector>

#include "samplers/solvers/solver.h"

namespace farfield {

// The weights of an Adams-Bashforth step with any spacing: w_j = integral from interval.from to interval.to of L_j
// dsigma, L_j the Lagrange polynomial of node j, so that sum_j w_j d_j is the integral of the polynomial through the
// slopes d_j at the noise levels `nodes`, newest first (nodes[0] = interval.from). With `time` the polynomials are in
// time(sigma) instead, increasing and smooth: DEIS. Composite Gauss-Legendre over halvings of sigma, exact to rounding.
using TimeOfSigma = std::function<double(double sigma)>;
std::vector<double> interpolation_weights(std::span<const double> nodes, Interval interval,
                                          const TimeOfSigma& time = {});

}  // namespace farfield
