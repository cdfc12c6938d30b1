#include "samplers/gits/gits_cost.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include <ATen/Parallel.h>

#include "core/error.h"
#include "samplers/gits/gits_kernels.h"

namespace farfield {
namespace {

using torch::Tensor;

// Teacher trajectories as rows of doubles.
struct Paths {
  const double *states, *slopes;
  int64_t levels, batch, size;

  const double* state(int64_t level, int64_t sample) const { return states + (level * batch + sample) * size; }
  const double* slope(int64_t level, int64_t sample) const { return slopes + (level * batch + sample) * size; }
};

void check_layout(const Tensor& paths) {
  check(paths.dim() == 3 && paths.is_cpu() && paths.is_contiguous() && paths.scalar_type() == torch::kFloat64,
        "gits: trajectories are contiguous float64 [T, B, D] on the CPU");
}

// u = (x_{T-1} - x_0) / |x_{T-1} - x_0| of every sample, [B, D]; zero where the two ends are the same point.
Tensor chord_directions(const Tensor& states) {
  const auto chord = states[states.size(0) - 1] - states[0];
  const auto length = at::linalg_vector_norm(chord, 2, {1}, /*keepdim=*/true);
  return torch::where(length > 0, chord / length, torch::zeros_like(chord));
}

// dev along the Euler jumps from one level: sqrt(least + width (h - best)^2), and dev at the level itself.
struct Parabola {
  double least, width, best, deviation;
};

// [B][T - 1] of them, sample by sample.
std::vector<Parabola> parabolas(const Paths& paths, const Tensor& states) {
  const Tensor directions = chord_directions(states);
  const double* direction = directions.const_data_ptr<double>();
  const int64_t last = paths.levels - 1;
  std::vector<Parabola> all(paths.batch * last);
  at::parallel_for(0, paths.batch * last, /*grain_size=*/1, [&](int64_t begin, int64_t until) {
    for (int64_t k = begin; k < until; ++k) {
      const int64_t b = k / last, i = k % last;
      const double *end = paths.state(last, b), *x = paths.state(i, b), *d = paths.slope(i, b);
      const double* u = direction + b * paths.size;
      const AlongChord along = along_chord(end, x, d, u, paths.size);
      const AcrossChord across = across_chord(end, x, d, u, along, paths.size);
      const double best = across.q_q > 0 ? across.p_q / across.q_q : 0;
      all[k] = {square_after_jump(end, x, d, u, along, best, paths.size), across.q_q, best, std::sqrt(across.p_p)};
    }
  });
  return all;
}

Tensor dev_costs(const std::vector<double>& levels, const Paths& paths, const Tensor& states) {
  const std::vector<Parabola> all = parabolas(paths, states);
  const int64_t last = paths.levels - 1;
  Tensor costs = torch::zeros({paths.batch, paths.levels, paths.levels}, torch::kFloat64);
  auto out = costs.accessor<double, 3>();
  for (int64_t b = 0; b < paths.batch; ++b) {
    const Parabola* of = &all[b * last];
    for (int64_t i = 0; i < last; ++i) {
      for (int64_t j = i + 1; j <= last; ++j) {
        const double beyond = levels[j] - levels[i] - of[i].best;
        out[b][i][j] = std::sqrt(of[i].least + of[i].width * beyond * beyond) - (j < last ? of[j].deviation : 0);
      }
    }
  }
  return costs;
}

Tensor norm_costs(GitsMetric metric, const std::vector<double>& levels, const Paths& paths) {
  constexpr int64_t kBlock = 512;  // doubles: a block of every level fits in a core's cache
  const int64_t last = paths.levels - 1;
  const auto miss = metric == GitsMetric::kL1 ? absolute_miss : square_miss;
  Tensor costs = torch::zeros({paths.batch, paths.levels, paths.levels}, torch::kFloat64);
  double* out = costs.mutable_data_ptr<double>();
  at::parallel_for(0, paths.batch, /*grain_size=*/1, [&](int64_t begin, int64_t end) {
    for (int64_t b = begin; b < end; ++b) {
      double* sums = out + b * paths.levels * paths.levels;
      for (int64_t first = 0; first < paths.size; first += kBlock) {
        const int64_t size = std::min(kBlock, paths.size - first);
        for (int64_t i = 0; i < last; ++i) {
          for (int64_t j = i + 1; j <= last; ++j) {
            sums[i * paths.levels + j] += miss(paths.state(i, b) + first, paths.slope(i, b) + first,
                                               paths.state(j, b) + first, levels[j] - levels[i], size);
          }
        }
      }
    }
  });
  return metric == GitsMetric::kL1 ? costs : costs.sqrt_();
}

}  // namespace

Tensor chord_deviations(const Tensor& states) {
  check_layout(states);
  const Tensor directions = chord_directions(states);
  const int64_t last = states.size(0) - 1, batch = states.size(1), size = states.size(2);
  Tensor deviations = torch::zeros({batch, last + 1}, torch::kFloat64);
  auto out = deviations.accessor<double, 2>();
  const Paths paths{states.const_data_ptr<double>(), nullptr, last + 1, batch, size};
  at::parallel_for(0, batch, /*grain_size=*/1, [&](int64_t begin, int64_t until) {
    for (int64_t b = begin; b < until; ++b) {
      const double *end = paths.state(last, b), *u = directions.const_data_ptr<double>() + b * size;
      for (int64_t i = 0; i < last; ++i) {
        const AlongChord along = along_chord(end, paths.state(i, b), u, u, size);
        out[b][i] = std::sqrt(square_after_jump(end, paths.state(i, b), u, u, along, 0, size));
      }
    }
  });
  return deviations;
}

Tensor gits_costs(GitsMetric metric, const std::vector<double>& levels, const Tensor& states, const Tensor& slopes) {
  check_layout(states);
  check_layout(slopes);
  const Paths paths{states.const_data_ptr<double>(), slopes.const_data_ptr<double>(), states.size(0), states.size(1),
                    states.size(2)};
  check(paths.levels >= 2 && static_cast<int64_t>(levels.size()) == paths.levels &&
            slopes.size(0) == paths.levels - 1 && slopes.sizes().slice(1) == states.sizes().slice(1),
        "gits: levels [T], states [T, B, D], slopes [T - 1, B, D]");
  return metric == GitsMetric::kDev ? dev_costs(levels, paths, states) : norm_costs(metric, levels, paths);
}

}  // namespace farfield
