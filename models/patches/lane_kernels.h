#pragma once

#include <cstdint>

namespace farfield {

// The inner loops of posterior means over images side by side, on plain arrays. A *plane* is kSideBySide = 32 numbers,
// one an image of a group; a *place* is a member of the family (lane_filter.h) whose energy of image n is sum_v q(v)
// (x_v - y_nv)^2, its logit -energy / (2 sigma^2) = -energy * per_energy. Images are `channels` times `planes` planes,
// `Stored` float or double. Running states have 8 lanes, each over every eighth image.

inline constexpr int64_t kStateLanes = 8;
inline constexpr double kNoImage = 1e300;  // the energy where there is no image: above all others

// out [planes][32]: sum over channels of (x - y)^2.
void squared_differences(const float* group, const double* x, int64_t channels, int64_t planes, double* out);
void squared_differences(const double* group, const double* x, int64_t channels, int64_t planes, double* out);

// Where the answers of the places stand in an image: channel c of place p is number c * planes + at[p].
struct Answers {
  int64_t places, channels, planes;
  const int32_t* at;
};
// Running soft-max means: state [places][2 + channels][8] = least energy, sum of exp((least - energy) per_energy), and
// the answers weighted so.
void update_means(const double* energies, const float* group, const Answers& answers, double per_energy, double* state);
void update_means(const double* energies, const double* group, const Answers& answers, double per_energy,
                  double* state);
// The same without answers: state [places][2][8].
void update_sums(const double* energies, int64_t places, double per_energy, double* state);
// state [places][2 + answers][8] -> merged [places][2 + answers].
void merge_lanes(const double* state, int64_t places, int64_t answers, double per_energy, double* merged);

// weights [places][32]: exp((least - energy) per_energy) / sum with totals [places][2] = least, sum.
void soft_max_weights(const double* energies, const double* totals, int64_t places, double per_energy, double* weights);
// sums [channels * planes][8] += shares * y, shares [planes][32].
void add_weighted(const float* group, const double* shares, int64_t channels, int64_t planes, double* sums);
void add_weighted(const double* group, const double* shares, int64_t channels, int64_t planes, double* sums);

// state [places][2][8] = least energy, and the number of its image: 32 * group + place in the group.
void update_nearest(const double* energies, int64_t places, int64_t group, double* state);
// found: every 4 * place + s where one of the images 8 s ... 8 s + 7 has an energy of at most limits[place]. Returns
// how many.
int64_t find_near(const double* energies, const double* limits, int64_t places, int32_t* found);

// One member, by its planes and, unless all are 1, their weights.
struct LaneMember {
  const int32_t* planes;
  const double* weights;  // or nullptr
  int64_t size;
};
// out [8]: energies of eight images less that of another one, sum_v q(v) (y - r)((y - x) + (r - x)): exact where
// energies are nearly equal. `images` points at the eight, `reference` at the other one, both at stride 32.
void energy_differences(const LaneMember& member, const float* images, const float* reference, const double* x,
                        int64_t channels, int64_t planes, double* out);
void energy_differences(const LaneMember& member, const double* images, const double* reference, const double* x,
                        int64_t channels, int64_t planes, double* out);

}  // namespace farfield
