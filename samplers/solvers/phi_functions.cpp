#include "samplers/solvers/phi_functions.h"

#include <cmath>

#include "core/error.h"

namespace farfield {
namespace {

// sum_n z^n / (n + k)!
double series(int k, double z) {
  double term = 1;
  for (int j = 2; j <= k; ++j) term /= j;
  double sum = term;
  for (int n = 1; std::abs(term) > 1e-18 * std::abs(sum); ++n) {
    term *= z / (n + k);
    sum += term;
  }
  return sum;
}

}  // namespace

double phi(int k, double z) {
  check(k >= 1 && k <= 4 && std::isfinite(z), "phi: k is 1 to 4 and z finite");
  if (std::abs(z) < 1) return series(k, z);
  double value = std::expm1(z) / z, factorial = 1;
  for (int j = 1; j < k; ++j) {
    factorial *= j;
    value = (value - 1 / factorial) / z;
  }
  return value;
}

}  // namespace farfield
