#include "models/patches/group_energies.h"

#include <cmath>
#include <limits>
#include <utility>

#include "core/math/lane_exponential.h"
#include "models/patches/soft_state.h"

namespace farfield {
namespace {

constexpr double kUnitRoundoff = std::numeric_limits<double>::epsilon() / 2;

torch::Tensor doubles(int64_t count) { return torch::empty({count}, torch::kFloat64); }

// Every lane `energy` = kNoImage and what belongs to it 0.
void clear_nearest(double* state, int64_t places) {
  for (int64_t p = 0; p < places; ++p) {
    std::fill_n(state + p * 2 * kStateLanes, kStateLanes, kNoImage);
    std::fill_n(state + (p * 2 + 1) * kStateLanes, kStateLanes, 0.0);
  }
}

}  // namespace

LaneQuery::LaneQuery(const FilteredQuery& asked, const LaneFilter& through, PlaneLayout planes)
    : query(asked), filter(through), layout(planes), per_energy(0.5 / asked.variance) {
  norm_square_ = 0;
  const int64_t values = layout.channels * layout.planes;
  for (int64_t i = 0; i < values; ++i) norm_square_ += query.x[i] * query.x[i];
  mean_square_ = norm_square_ / static_cast<double>(values);
}

bool LaneQuery::energies_do() const {
  const double typical = filter.largest_sum() * static_cast<double>(layout.channels) *
                         (mean_square_ + query.images.mean_square());
  return kUnitRoundoff * filter.roundoff() * typical * per_energy <= kAllowedLogitError;
}

double LaneQuery::window() const {
  const double largest = query.images.largest();
  const auto values = static_cast<double>(layout.channels * layout.planes);
  const double most = 2 * (norm_square_ + values * largest * largest);
  const double error = 4 * kUnitRoundoff * filter.roundoff() * filter.roundoff() * most;
  return -kLeastExponent / per_energy + 2 * error;
}

GroupEnergies::GroupEnergies(const LaneQuery& query)
    : query_(query),
      differences_(doubles(query.filter.planes() * kSideBySide)),
      scratch_(doubles(query.filter.scratch_size())),
      energies_(doubles(query.filter.places() * kSideBySide)) {}

const double* GroupEnergies::of(int64_t group, int64_t filled) {
  const TrainingImages& images = query_.query.images;
  images.visit([&](const auto* lanes) {
    squared_differences(lanes + group * images.shape().values() * kSideBySide, query_.query.x, query_.layout.channels,
                        query_.layout.planes, differences_.data_ptr<double>());
  });
  auto* const energies = energies_.data_ptr<double>();
  query_.filter.apply(differences_.const_data_ptr<double>(), scratch_.data_ptr<double>(), energies);
  for (int64_t p = 0; filled < kSideBySide && p < query_.filter.places(); ++p) {
    std::fill(energies + p * kSideBySide + filled, energies + (p + 1) * kSideBySide, kNoImage);
  }
  return energies;
}

NearestImages nearest_images(const LaneQuery& query) {
  const int64_t places = query.filter.places();
  const std::vector<ImagePart> shards = shards_of(query.query.parts);
  std::vector<NearestImages> found(shards.size());
  for_each_shard_of(shards, [&](int64_t number, const ImagePart& shard) {
    GroupEnergies energies(query);
    const auto state = doubles(places * 2 * kStateLanes);
    auto* const lanes = state.data_ptr<double>();
    clear_nearest(lanes, places);
    for (int64_t i = 0; i < shard.groups(); ++i) {
      update_nearest(energies.of(shard.first_group + i, shard.filled(i)), places, shard.first_group + i, lanes);
    }
    NearestImages& own = found[static_cast<size_t>(number)];
    for (int64_t p = 0; p < places; ++p) {
      const double* least = lanes + p * 2 * kStateLanes;
      const int64_t lane = std::min_element(least, least + kStateLanes) - least;
      own.energy.push_back(least[lane]);
      own.image.push_back(static_cast<int64_t>(least[kStateLanes + lane]));
    }
  });
  NearestImages nearest = std::move(found[0]);
  for (size_t s = 1; s < found.size(); ++s) {
    for (size_t p = 0; p < nearest.energy.size(); ++p) {
      if (found[s].energy[p] >= nearest.energy[p]) continue;
      nearest.energy[p] = found[s].energy[p];
      nearest.image[p] = found[s].image[p];
    }
  }
  return nearest;
}

void for_each_near(const LaneQuery& query, const NearestImages& nearest, const ImagePart& shard,
                   const VisitNear& visit) {
  const int64_t places = query.filter.places(), slices = kSideBySide / kStateLanes;
  const int64_t group_size = query.query.images.shape().values() * kSideBySide;
  std::vector<double> limits = nearest.energy;
  for (double& limit : limits) limit += query.window();
  std::vector<int32_t> found(static_cast<size_t>(places * slices)), planes;
  std::vector<double> weights;
  GroupEnergies energies(query);
  int64_t last = -1;  // place whose planes these are
  for (int64_t i = 0; i < shard.groups(); ++i) {
    const int64_t group = shard.first_group + i, filled = shard.filled(i);
    const int64_t count = find_near(energies.of(group, filled), limits.data(), places, found.data());
    for (int64_t k = 0; k < count; ++k) {
      const int64_t place = found[static_cast<size_t>(k)] / slices, slice = found[static_cast<size_t>(k)] % slices;
      if (std::exchange(last, place) != place) query.filter.member(place, planes, weights);
      const LaneMember member{planes.data(), weights.empty() ? nullptr : weights.data(), std::ssize(planes)};
      const int64_t image = nearest.image[static_cast<size_t>(place)];
      double differences[kStateLanes];
      query.query.images.visit([&](const auto* lanes) {
        energy_differences(member, lanes + group * group_size + slice * kStateLanes,
                           lanes + image / kSideBySide * group_size + image % kSideBySide, query.query.x,
                           query.layout.channels, query.layout.planes, differences);
      });
      for (int64_t l = std::max<int64_t>(0, filled - slice * kStateLanes); l < kStateLanes; ++l) {
        differences[l] = std::numeric_limits<double>::infinity();
      }
      visit(place, group, slice, differences);
    }
  }
}

}  // namespace farfield
