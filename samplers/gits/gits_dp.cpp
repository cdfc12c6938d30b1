#include "samplers/gits/gits_dp.h"

#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "core/error.h"
#include "core/limits.h"
#include "core/text.h"

namespace farfield {
namespace {

void check_arguments(const torch::Tensor& costs, double gamma, int64_t most) {
  check(costs.dim() == 2 && costs.size(0) == costs.size(1) && costs.size(0) >= 2 &&
            costs.scalar_type() == torch::kFloat64 && costs.is_cpu(),
        "gits: costs are [T, T] float64 on the CPU");
  if (!(gamma > 0 && gamma <= limits::kHighestGamma)) {
    throw usage_error(fmt::format("gits: gamma is {}, expected a number above 0, at most {}", format_double(gamma),
                                  limits::kHighestGamma));
  }
  if (most < 1 || most >= costs.size(0)) {
    throw usage_error(fmt::format("gits: a schedule of {} steps asked for, but {} levels have 1 to {}; use more points",
                                  most, costs.size(0), costs.size(0) - 1));
  }
  const auto bad = costs.triu(1).isfinite().logical_not().nonzero();
  if (bad.size(0) > 0) {
    throw numeric_error(fmt::format("gits: the cost of the jump from level {} to {} is not finite",
                                    bad[0][0].item<int64_t>(), bad[0][1].item<int64_t>()));
  }
}

}  // namespace

std::vector<GitsPath> gits_paths(const torch::Tensor& costs, double gamma, int64_t most, GammaForm form) {
  check_arguments(costs, gamma, most);
  const double of_segment = form == GammaForm::kPrinted ? gamma : 1, of_rest = form == GammaForm::kPrinted ? 1 : gamma;
  const auto cost = costs.accessor<double, 2>();
  const int64_t last = costs.size(0) - 1;
  struct Choice {
    double value = std::numeric_limits<double>::infinity();
    int64_t next = -1;
  };
  std::vector<std::vector<Choice>> table(most + 1, std::vector<Choice>(last));  // [segments left][level]
  for (int64_t i = 0; i < last; ++i) table[1][i] = {cost[i][last], last};
  for (int64_t k = 2; k <= most; ++k) {
    for (int64_t j = 0; j < last; ++j) {
      Choice& best = table[k][j];
      for (int64_t i = j + 1; i < last; ++i) {
        const double value = of_segment * cost[j][i] + of_rest * table[k - 1][i].value;
        if (value < best.value) best = {value, i};
      }
    }
  }
  std::vector<GitsPath> paths;
  for (int64_t segments = 1; segments <= most; ++segments) {
    GitsPath path{{0}, table[segments][0].value};
    for (int64_t k = segments; k >= 1; --k) path.indices.push_back(table[k][path.indices.back()].next);
    paths.push_back(std::move(path));
  }
  return paths;
}

}  // namespace farfield
