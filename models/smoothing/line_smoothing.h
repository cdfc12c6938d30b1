#pragma once

#include <vector>

namespace farfield {

// Points on a line and the scores of "On the Interpolation Effect of Score Smoothing" (004): everything there is known in
// closed form. Time is t = sigma^2 > 0 as in the paper; p_t is the mean of N(y_k, t). All in double, all exact to
// rounding but the two integrals, which say their error.
class LinePoints {
 public:
  // At least two points, finite and rising; usage_error naming the first that is not.
  explicit LinePoints(std::vector<double> points);

  const std::vector<double>& points() const { return points_; }

  double log_density(double x, double t) const;  // log p_t(x)
  double score(double x, double t) const;        // of p_t: the empirical score, (E[y | x] - x) / t

  // The empirical score averaged over [x - tau, x + tau] (eq. 7), exactly: (log p_t(x + tau) - log p_t(x - tau)) / (2 tau);
  // tau = 0 is the score itself.
  double smoothed_score(double x, double t, double tau) const;

 private:
  std::vector<double> points_;
};

// The same for points that stand evenly, -D = y_1 < ... < y_n = D up to a shift: neighbours are 2 Delta apart, a_k are the
// midpoints between them.
class EvenPoints : public LinePoints {
 public:
  // usage_error where a gap differs from the mean gap by more than 1e-9 of it.
  explicit EvenPoints(std::vector<double> points);

  double half_gap() const { return half_gap_; }  // Delta

  // (y - x) / t of the nearest point y, the lower one at a midpoint (eq. 9).
  double piecewise_score(double x, double t) const;
  // Its average over [x - tau, x + tau], 0 < tau < Delta: (Delta - tau)(x - a_k) / (tau t) within tau of a midpoint, else
  // unchanged (eq. 15).
  double piecewise_smoothed_score(double x, double t, double tau) const;

  // tau_t = Delta - sqrt(kappa t), the paper's schedule of smoothing, for 0 < t < Delta^2 / kappa (else usage_error).
  double smoothing_at(double t, double kappa) const;

  // Where the flow of the smoothed piecewise score with tau_t carries x from time `from` to `to`, 0 <= to <= from
  // (Prop. 3; eq. 17 prints the second case of the last point as x <= y_n - ..., >= is meant).
  double flow(double x, double from, double to, double kappa) const;
  // Started from p_from and taken to 0: the mass that ends on every point, and the density of the rest at x.
  std::vector<double> end_weights(double from, double kappa) const;
  double end_density(double x, double from, double kappa) const;
  double end_mass_between(double low, double high, double from, double kappa) const;  // of that density, low <= high

  // KL(u || p) of the uniform density u on [y_1, y_n] from the density part of the end, which is not renormalised; by
  // quadrature, to 1e-10.
  double uniform_divergence(double from, double kappa) const;
  // t E_{p_t} |smoothed piecewise score with tau_t - empirical score|^2; by quadrature, to 1e-9. Falls to
  // (n - 1) / n loss_limit(kappa) as t -> 0 (Prop. 2).
  double discrepancy(double t, double kappa) const;

 private:
  size_t gap_of(double x) const;  // k with x nearest to midpoint a_k
  double midpoint(size_t k) const { return (points()[k] + points()[k + 1]) / 2; }

  double half_gap_;
};

// F(kappa) = 2 integral from sqrt(kappa) of (u - sqrt(kappa))^2 phi(u) du = 2 ((1 + kappa) Q(sqrt(kappa)) -
// sqrt(kappa) phi(sqrt(kappa))). The appendix of the paper prints the lower limit kappa; it is sqrt(kappa).
double loss_limit(double kappa);

// Bounds on uniform_divergence() of two points at -1 and 1: the printed one (Corollary 5), and a tighter one of ours,
// ln(sqrt(t) / tau) + ln(2 pi) / 2 + (1 - (kappa t)^(3/2)) / (6 t tau), tau = 1 - sqrt(kappa t).
double printed_divergence_bound(double t, double kappa);
double divergence_bound(double t, double kappa);

}  // namespace farfield
