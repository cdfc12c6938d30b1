#pragma once

#include <vector>

namespace farfield {

// D on a line and its slope dD/dx.
struct LineMean {
  double denoised, slope;
};

// E[y | x] of points y_k on a line that are there n_k times, x = y + sqrt(t) noise, and its averages: what D of the empirical
// and of the smoothed score are in one dimension. In double, to rounding for every t > 0 and every tau >= 0.
class LineMeans {
 public:
  // At least one point, rising; as many counts > 0.
  LineMeans(std::vector<double> points, std::vector<double> counts);

  LineMean mean(double x, double t) const;
  // The average of E[y | u] over u in [x - tau, x + tau]: x + t times the empirical score's average, which is
  // (log p_t(x + tau) - log p_t(x - tau)) / (2 tau) (004, eq. 7).
  LineMean smoothed(double x, double t, double tau) const;
  // The same over that half width in [0, tau] for which D is nearest to x: the average along a direction v meets the line with
  // tau |v_1|, and of all directions in two and more dimensions the score of least norm counts (004, eq. 37). x itself, slope 1,
  // where averages to both sides of it are among them. 65 widths and a golden section, to 1e-9 of tau.
  LineMean least_smoothed(double x, double t, double tau) const;

 private:
  double difference_of_log_sums(double x, double t, double tau, double centre) const;

  std::vector<double> points_, counts_;
  double reach_;  // from the first point to the last
};

// Points that stand evenly: `points` of them from first to last, neighbours 2 half_gap apart.
struct EvenGrid {
  double first, last;
  int64_t points;
  double half_gap() const { return points > 1 ? (last - first) / (2 * static_cast<double>(points - 1)) : 0; }
};

// D of the piecewise linear score averaged over [x - tau, x + tau], 0 <= tau < half_gap: the nearest point, within tau of a
// midpoint a between two of them x + (half_gap - tau)(x - a) / tau (004, eq. 9, 15).
LineMean piecewise_mean(const EvenGrid& grid, double x, double tau);

}  // namespace farfield
