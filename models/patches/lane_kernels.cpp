#include "models/patches/lane_kernels.h"

#include "core/math/lane_exponential.h"

namespace farfield {
namespace {

using Lanes = LanesOf<double>::Type;
constexpr int64_t kSlices = 4;  // of eight images in a group
static_assert(LanesOf<double>::kWidth == kStateLanes);

// Eight stored numbers as doubles.
FARFIELD_INLINE void widen(const double* from, Lanes& to) { to = load(from); }
FARFIELD_INLINE void widen(const float* from, Lanes& to) {
  using Eight [[gnu::vector_size(32), gnu::aligned(4), gnu::may_alias]] = float;
  to = __builtin_convertvector(*reinterpret_cast<const Eight*>(from), Lanes);
}

FARFIELD_INLINE void lower(Lanes& least, const Lanes& energy) { least = energy < least ? energy : least; }

FARFIELD_INLINE double least_of(const Lanes& lanes) {
  double least = lanes[0];
  for (int64_t l = 1; l < kStateLanes; ++l) least = lanes[l] < least ? lanes[l] : least;
  return least;
}

FARFIELD_INLINE double sum_of(const Lanes& lanes) {
  return ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3])) + ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7]));
}

template <class Stored>
FARFIELD_INLINE void squares(const Stored* group, const double* x, int64_t channels, int64_t planes, double* out) {
  for (int64_t v = 0; v < planes; ++v) {
    Lanes sums[kSlices] = {};
    for (int64_t c = 0; c < channels; ++c) {
      const double value = x[c * planes + v];
      const Stored* images = group + (c * planes + v) * kSlices * kStateLanes;
#pragma GCC unroll 4
      for (int64_t s = 0; s < kSlices; ++s) {
        Lanes y;
        widen(images + s * kStateLanes, y);
        const Lanes difference = value - y;
        sums[s] += difference * difference;
      }
    }
#pragma GCC unroll 4
    for (int64_t s = 0; s < kSlices; ++s) store(out + (v * kSlices + s) * kStateLanes, sums[s]);
  }
}

// The least energy so far, what that makes of the old sums, and the weights of the new images.
struct Update {
  Lanes least, scale, weights[kSlices];
};
FARFIELD_INLINE void update_of(const double* energies, const double* least, double per_energy, Update& update) {
  const Lanes before = load(least);
  update.least = before;
#pragma GCC unroll 4
  for (int64_t s = 0; s < kSlices; ++s) {
    const Lanes energy = load(energies + s * kStateLanes);
    lower(update.least, energy);
  }
  update.scale = (update.least - before) * per_energy;
  exponentials(update.scale);
#pragma GCC unroll 4
  for (int64_t s = 0; s < kSlices; ++s) {
    update.weights[s] = (update.least - load(energies + s * kStateLanes)) * per_energy;
    exponentials(update.weights[s]);
  }
}

FARFIELD_INLINE void update_sum(const Update& update, double* state) {
  const Lanes sum = (update.weights[0] + update.weights[1]) + (update.weights[2] + update.weights[3]);
  store(state, update.least);
  store(state + kStateLanes, load(state + kStateLanes) * update.scale + sum);
}

template <class Stored>
FARFIELD_INLINE void means(const double* energies, const Stored* group, const Answers& answers, double per_energy,
                           double* state) {
  const int64_t group_size = kSlices * kStateLanes, size = (2 + answers.channels) * kStateLanes;
  for (int64_t p = 0; p < answers.places; ++p) {
    Update update;
    update_of(energies + p * group_size, state + p * size, per_energy, update);
    update_sum(update, state + p * size);
    for (int64_t c = 0; c < answers.channels; ++c) {
      double* weighted = state + p * size + (2 + c) * kStateLanes;
      const Stored* images = group + (c * answers.planes + answers.at[p]) * group_size;
      Lanes sum = load(weighted) * update.scale;
#pragma GCC unroll 4
      for (int64_t s = 0; s < kSlices; ++s) {
        Lanes y;
        widen(images + s * kStateLanes, y);
        sum += update.weights[s] * y;
      }
      store(weighted, sum);
    }
  }
}

template <class Stored>
FARFIELD_INLINE void weighted_sums(const Stored* group, const double* shares, int64_t channels, int64_t planes,
                                   double* sums) {
  const int64_t group_size = kSlices * kStateLanes;
  for (int64_t c = 0; c < channels; ++c) {
    for (int64_t v = 0; v < planes; ++v) {
      const int64_t number = c * planes + v;
      Lanes sum = load(sums + number * kStateLanes);
#pragma GCC unroll 4
      for (int64_t s = 0; s < kSlices; ++s) {
        Lanes y;
        widen(group + number * group_size + s * kStateLanes, y);
        sum += load(shares + v * group_size + s * kStateLanes) * y;
      }
      store(sums + number * kStateLanes, sum);
    }
  }
}

template <class Stored>
FARFIELD_INLINE void differences(const LaneMember& member, const Stored* images, const Stored* reference,
                                 const double* x, int64_t channels, int64_t planes, double* out) {
  Lanes sum = {};
  for (int64_t c = 0; c < channels; ++c) {
    for (int64_t i = 0; i < member.size; ++i) {
      const int64_t number = c * planes + member.planes[i];
      const double other = reference[number * kSlices * kStateLanes], value = x[number];
      Lanes y;
      widen(images + number * kSlices * kStateLanes, y);
      const Lanes term = (y - other) * ((y - value) + (other - value));
      sum += member.weights == nullptr ? term : member.weights[i] * term;
    }
  }
  store(out, sum);
}

}  // namespace

FARFIELD_EVERY_WIDTH
void squared_differences(const float* group, const double* x, int64_t channels, int64_t planes, double* out) {
  squares(group, x, channels, planes, out);
}

FARFIELD_EVERY_WIDTH
void squared_differences(const double* group, const double* x, int64_t channels, int64_t planes, double* out) {
  squares(group, x, channels, planes, out);
}

FARFIELD_EVERY_WIDTH
void update_means(const double* energies, const float* group, const Answers& answers, double per_energy,
                  double* state) {
  means(energies, group, answers, per_energy, state);
}

FARFIELD_EVERY_WIDTH
void update_means(const double* energies, const double* group, const Answers& answers, double per_energy,
                  double* state) {
  means(energies, group, answers, per_energy, state);
}

FARFIELD_EVERY_WIDTH
void update_sums(const double* energies, int64_t places, double per_energy, double* state) {
  for (int64_t p = 0; p < places; ++p) {
    Update update;
    update_of(energies + p * kSlices * kStateLanes, state + p * 2 * kStateLanes, per_energy, update);
    update_sum(update, state + p * 2 * kStateLanes);
  }
}

FARFIELD_EVERY_WIDTH
void merge_lanes(const double* state, int64_t places, int64_t answers, double per_energy, double* merged) {
  const int64_t size = 2 + answers;
  for (int64_t p = 0; p < places; ++p) {
    const double* lanes = state + p * size * kStateLanes;
    Lanes scale = load(lanes);
    const double least = least_of(scale);
    scale = (least - scale) * per_energy;
    exponentials(scale);
    merged[p * size] = least;
    for (int64_t k = 1; k < size; ++k) merged[p * size + k] = sum_of(load(lanes + k * kStateLanes) * scale);
  }
}

FARFIELD_EVERY_WIDTH
void soft_max_weights(const double* energies, const double* totals, int64_t places, double per_energy,
                      double* weights) {
  for (int64_t p = 0; p < places; ++p) {
    const double least = totals[2 * p], per_sum = 1 / totals[2 * p + 1];
#pragma GCC unroll 4
    for (int64_t s = 0; s < kSlices; ++s) {
      const int64_t at = (p * kSlices + s) * kStateLanes;
      Lanes weight = (least - load(energies + at)) * per_energy;
      exponentials(weight);
      store(weights + at, weight * per_sum);
    }
  }
}

FARFIELD_EVERY_WIDTH
void add_weighted(const float* group, const double* shares, int64_t channels, int64_t planes, double* sums) {
  weighted_sums(group, shares, channels, planes, sums);
}

FARFIELD_EVERY_WIDTH
void add_weighted(const double* group, const double* shares, int64_t channels, int64_t planes, double* sums) {
  weighted_sums(group, shares, channels, planes, sums);
}

FARFIELD_EVERY_WIDTH
void update_nearest(const double* energies, int64_t places, int64_t group, double* state) {
  const Lanes counted = {0, 1, 2, 3, 4, 5, 6, 7};
  for (int64_t p = 0; p < places; ++p) {
    double* const own = state + p * 2 * kStateLanes;
    Lanes least = load(own), image = load(own + kStateLanes);
#pragma GCC unroll 4
    for (int64_t s = 0; s < kSlices; ++s) {
      const Lanes energy = load(energies + (p * kSlices + s) * kStateLanes);
      const Lanes number = counted + static_cast<double>((group * kSlices + s) * kStateLanes);
      image = energy < least ? number : image;
      lower(least, energy);
    }
    store(own, least);
    store(own + kStateLanes, image);
  }
}

FARFIELD_EVERY_WIDTH
int64_t find_near(const double* energies, const double* limits, int64_t places, int32_t* found) {
  int64_t count = 0;
  for (int64_t p = 0; p < places; ++p) {
    const double* group = energies + p * kSlices * kStateLanes;
    Lanes least = load(group);
#pragma GCC unroll 3
    for (int64_t s = 1; s < kSlices; ++s) {
      const Lanes energy = load(group + s * kStateLanes);
      lower(least, energy);
    }
    if (least_of(least) > limits[p]) continue;
    for (int64_t s = 0; s < kSlices; ++s) {
      const Lanes energy = load(group + s * kStateLanes);
      if (least_of(energy) <= limits[p]) found[count++] = static_cast<int32_t>(p * kSlices + s);
    }
  }
  return count;
}

FARFIELD_EVERY_WIDTH
void energy_differences(const LaneMember& member, const float* images, const float* reference, const double* x,
                        int64_t channels, int64_t planes, double* out) {
  differences(member, images, reference, x, channels, planes, out);
}

FARFIELD_EVERY_WIDTH
void energy_differences(const LaneMember& member, const double* images, const double* reference, const double* x,
                        int64_t channels, int64_t planes, double* out) {
  differences(member, images, reference, x, channels, planes, out);
}

}  // namespace farfield
