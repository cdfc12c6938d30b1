#include "samplers/solvers/interpolation_weights.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

namespace farfield {
namespace {

struct Node {
  double x, weight;
};

// The Gauss-Legendre rule on [-1, 1]: the roots of the Legendre polynomial by Newton's method.
std::vector<Node> gauss_legendre(int count) {
  std::vector<Node> rule;
  for (int i = 0; i < count; ++i) {
    double x = std::cos(std::numbers::pi * (i + 0.75) / (count + 0.5)), derivative = 0;
    for (int iteration = 0; iteration < 10; ++iteration) {
      double value = x, before = 1;
      for (int n = 2; n <= count; ++n) before = std::exchange(value, ((2 * n - 1) * x * value - (n - 1) * before) / n);
      derivative = count * (x * value - before) / (x * x - 1);
      x -= value / derivative;
    }
    rule.push_back({x, 2 / ((1 - x * x) * derivative * derivative)});
  }
  return rule;
}

double lagrange(std::span<const double> nodes, size_t j, double at) {
  double product = 1;
  for (size_t k = 0; k < nodes.size(); ++k) {
    if (k != j) product *= (at - nodes[k]) / (nodes[j] - nodes[k]);
  }
  return product;
}

// [low, high] cut at high/2, high/4, ...: on every piece a function that is smooth in log sigma is one that ten nodes
// integrate to rounding. Below kSmall everything is linear.
std::vector<std::pair<double, double>> halvings(double low, double high) {
  constexpr double kSmall = 1e-4;
  std::vector<std::pair<double, double>> pieces;
  while (high > 2 * low && high > kSmall) {
    pieces.emplace_back(high / 2, high);
    high /= 2;
  }
  pieces.emplace_back(low, high);
  return pieces;
}

}  // namespace

std::vector<double> interpolation_weights(std::span<const double> nodes, Interval interval, const TimeOfSigma& time) {
  static const std::vector<Node> rule = gauss_legendre(12);
  const auto time_of = [&](double sigma) { return time ? time(sigma) : sigma; };
  std::vector<double> times, weights(nodes.size(), 0.0);
  for (const double node : nodes) times.push_back(time_of(node));
  for (const auto& [low, high] : halvings(interval.to, interval.from)) {
    const double half = (high - low) / 2;
    for (const auto& [x, weight] : rule) {
      const double at = time_of((low + high) / 2 + half * x);
      for (size_t j = 0; j < times.size(); ++j) weights[j] -= half * weight * lagrange(times, j, at);
    }
  }
  return weights;
}

}  // namespace farfield
