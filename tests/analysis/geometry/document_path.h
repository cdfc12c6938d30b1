#pragma once

#include <cmath>
#include <string>
#include <vector>

#include "analysis/geometry/path_geometry.h"
#include "core/math/gaussian_stats.h"
#include "samplers/schedules/noise_levels.h"

namespace farfield::test {

// The levels of the documents: 101, polynomial, 80 to 0.002.
inline std::vector<double> document_levels(int64_t steps = 100) {
  return noise_levels({.steps = steps, .final = "sigma_min"});
}

// N(mean, diag(variances)), the mean 0 unless given.
inline GaussianStats diagonal_gaussian(const std::vector<double>& variances, const std::vector<double>& mean = {}) {
  const auto size = static_cast<int64_t>(variances.size());
  return {mean.empty() ? torch::zeros({size}, torch::kFloat64) : torch::tensor(mean, torch::kFloat64),
          torch::eye(size, torch::kFloat64), torch::tensor(variances, torch::kFloat64), 0, 10};
}

// The path of N(0, diag(4, 0.25, 0)) from (60, -40, 100), in closed form.
inline Path three_dimensional_path(int64_t steps = 100) {
  return gaussian_path(diagonal_gaussian({4, 0.25, 0}), torch::tensor({{60., -40., 100.}}, torch::kFloat64),
                       document_levels(steps));
}

inline double value_of(const Arrays& measured, const std::string& name, int64_t trajectory = 0) {
  return measured.at(name)[trajectory].item<double>();
}
inline double value_at(const Arrays& measured, const std::string& name, int64_t level, int64_t trajectory = 0) {
  return measured.at(name)[trajectory][level].item<double>();
}

// The least or largest of what is finite, and where.
struct Extreme {
  double value;
  int64_t at;
};
inline Extreme least(const torch::Tensor& values) {
  const torch::Tensor known = torch::where(values.isnan(), torch::full_like(values, INFINITY), values);
  return {known.min().item<double>(), known.argmin().item<int64_t>()};
}
inline Extreme largest(const torch::Tensor& values) {
  const Extreme negative = least(-values);
  return {-negative.value, negative.at};
}

}  // namespace farfield::test
