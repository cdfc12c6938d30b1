#include "analysis/interpolation/interpolation_theory.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <optional>

#include <fmt/format.h>

#include "core/error.h"
#include "core/text.h"
#include "samplers/interpolate.h"

namespace farfield {
namespace {

constexpr int kAngles = 4000;  // of the mean over psi; sin^(d-2) makes the sum exact far sooner
constexpr int kAlphas = 41;
constexpr double kInfinite = std::numeric_limits<double>::infinity();

// (E|z| / sqrt d)^2 of N(0, I).
double mean_length_squared(int64_t dim) {
  const auto d = static_cast<double>(dim);
  return 2 * std::exp(2 * (std::lgamma((d + 1) / 2) - std::lgamma(d / 2))) / d;
}

// E over the angle of two independent directions of a b cos psi.
double mean_cross_term(double alpha, int64_t dim) {
  double total = 0, mass = 0;
  for (int i = 0; i < kAngles; ++i) {
    const double psi = std::numbers::pi * (i + 0.5) / kAngles, sine = std::sin(psi);
    const double weight = std::exp(static_cast<double>(dim - 2) * std::log(sine));
    total += weight * std::sin((1 - alpha) * psi) * std::sin(alpha * psi) * std::cos(psi) / (sine * sine);
    mass += weight;
  }
  return total / mass;
}

Cell finite_cell(double value) { return std::isfinite(value) ? Cell(value) : Cell(); }

}  // namespace

double expected_square(const std::string& mode, double alpha, int64_t dim) {
  check(dim >= 1 && alpha >= 0 && alpha <= 1, "expected_square: alpha in [0, 1]");
  if (alpha == 0 || alpha == 1) return 1;
  if (mode == "linear") return (1 - alpha) * (1 - alpha) + alpha * alpha;
  if (mode == "indist") return 1;
  if (mode != "spherical") throw usage_error(unknown_name("interpolation mode", mode, interpolation_modes()));
  if (dim < 4) return kInfinite;
  return 1 - 2 * (1 - mean_length_squared(dim)) * mean_cross_term(alpha, dim);
}

double spherical_variance(double alpha, double psi) {
  const double a = std::sin((1 - alpha) * psi), b = std::sin(alpha * psi), whole = std::sin(psi);
  return (a * a + b * b) / (whole * whole);
}

double half_way_length(const std::string& mode, const std::string& weight, double psi) {
  if (mode == "spherical") return 1;
  const double l = mode == "linear" ? 0.5 : interpolation_weight(weight, 0.5);
  const double first = mode == "linear" ? 0.5 : std::sqrt((1 - l) * (1 + l));
  return std::sqrt(first * first + l * l + 2 * first * l * std::cos(psi));
}

Table interpolation_theory_table() {
  Table table;
  table.columns = {"mode", "dim", "alpha", "expected_square"};
  for (const std::string& mode : interpolation_modes()) {
    for (const int64_t dim : kInterpolationDims) {
      for (int i = 0; i < kAlphas; ++i) {
        const double alpha = static_cast<double>(i) / (kAlphas - 1);
        table.add({mode, dim, alpha, finite_cell(expected_square(mode, alpha, dim))});
      }
    }
  }
  return table;
}

Table interpolation_shift_table() {
  Table table;
  table.columns = {"mode", "weight"};
  for (const int64_t dim : kInterpolationDims) table.columns.push_back(fmt::format("square_{}", dim));
  for (const char* name : {"length_90", "length_60", "lambda_half"}) table.columns.emplace_back(name);
  const auto add = [&](const std::string& mode, const std::string& weight) {
    std::vector<Cell> row = {mode, weight};
    for (const int64_t dim : kInterpolationDims) row.push_back(finite_cell(expected_square(mode, 0.5, dim)));
    row.emplace_back(half_way_length(mode, weight, std::numbers::pi / 2));
    row.emplace_back(half_way_length(mode, weight, std::numbers::pi / 3));
    row.push_back(weight.empty() ? Cell() : Cell(interpolation_weight(weight, 0.5)));
    table.add(std::move(row));
  };
  add("linear", "");
  add("spherical", "");
  for (const std::string& weight : interpolation_weights()) add("indist", weight);
  return table;
}

}  // namespace farfield
