#include "analysis/smoothing/euler_steps.h"

#include <bit>
#include <cmath>
#include <vector>

#include "core/math/random.h"

namespace farfield {

EulerStep along_line(const LineScore& score) {
  return [score](torch::Tensor& x, double from, double to) {
    double* rows = x.mutable_data_ptr<double>();
    for (int64_t i = 0; i < x.size(0); ++i) {
      double& value = rows[i * x.size(1)];
      value -= (to - from) * from * score(value, from * from);
    }
    if (x.size(1) > 1) x.narrow(1, 1, x.size(1) - 1).mul_(to / from);
  };
}

EulerStep by_learned(const LearnedScore& score) {
  return [score](torch::Tensor& x, double from, double to) { x.sub_(score(x, from * from), (to - from) * from); };
}

EulerStep by_draws(const EvenPoints& line, const DrawnSmoothing& drawn) {
  return [line, drawn](torch::Tensor& x, double from, double to) {
    const auto dimension = static_cast<size_t>(x.size(1));
    const double t = from * from, tau = line.smoothing_at(t, drawn.kappa);
    std::vector<double> score(dimension), mean(dimension);
    for (int64_t i = 0; i < x.size(0); ++i) {
      double* row = x.mutable_data_ptr<double>() + i * x.size(1);
      SplitMix64 random(mix_key({drawn.seed, static_cast<uint64_t>(i), std::bit_cast<uint64_t>(from), 2}));
      mean.assign(dimension, 0);
      for (int64_t m = 0; m < drawn.draws; ++m) {
        score[0] = line.score(row[0] + random.between(-tau, tau), t);
        double square = score[0] * score[0];
        for (size_t j = 1; j < dimension; ++j) {
          score[j] = -(row[j] + random.between(-tau, tau)) / t;
          square += score[j] * score[j];
        }
        const double length = std::sqrt(square);
        const double kept = drawn.longest > 0 && length > drawn.longest ? drawn.longest / length : 1;
        for (size_t j = 0; j < dimension; ++j) mean[j] += kept * score[j] / static_cast<double>(drawn.draws);
      }
      for (size_t j = 0; j < dimension; ++j) row[j] -= (to - from) * from * mean[j];
    }
  };
}

}  // namespace farfield
