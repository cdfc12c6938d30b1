#include "models/patches/same_place_means.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "core/error.h"
#include "models/patches/soft_state.h"

namespace farfield {
namespace {

using Numbers = std::vector<double>;

torch::Tensor lane_state(int64_t places, int64_t answers) {
  auto state = torch::zeros({places, 2 + answers, kStateLanes}, torch::kFloat64);
  state.select(1, 0).fill_(kNoImage);
  return state;
}

// States [places][2 + answers] of all shards, each by compute(shard, state), merged in order.
template <class Compute>
Numbers merged_states(const LaneQuery& query, int64_t answers, const Compute& compute) {
  const int64_t places = query.filter.places(), size = 2 + answers;
  const std::vector<ImagePart> shards = shards_of(query.query.parts);
  std::vector<Numbers> states(shards.size());
  for_each_shard_of(shards, [&](int64_t number, const ImagePart& shard) {
    Numbers& own = states[static_cast<size_t>(number)];
    own.resize(static_cast<size_t>(places * size));
    for (int64_t p = 0; p < places; ++p) clear_state(own.data() + p * size, answers);
    compute(shard, own.data());
  });
  for (size_t s = 1; s < states.size(); ++s) {
    for (int64_t p = 0; p < places; ++p) {
      merge_state(states[0].data() + p * size, states[s].data() + p * size, answers, query.per_energy);
    }
  }
  return std::move(states[0]);
}

// The same with `update` on lanes, group after group.
template <class Update>
Numbers streamed_states(const LaneQuery& query, int64_t answers, const Update& update) {
  return merged_states(query, answers, [&](const ImagePart& shard, double* merged) {
    GroupEnergies energies(query);
    const auto state = lane_state(query.filter.places(), answers);
    for (int64_t i = 0; i < shard.groups(); ++i) {
      const int64_t group = shard.first_group + i;
      update(group, energies.of(group, shard.filled(i)), state.template data_ptr<double>());
    }
    merge_lanes(state.template const_data_ptr<double>(), query.filter.places(), answers, query.per_energy, merged);
  });
}

// number(n, l): number n of image l of a slice, of the images at `query`.
class SliceNumbers {
 public:
  SliceNumbers(const TrainingImages& images, int64_t group, int64_t slice)
      : images_(images), first_(group * images.shape().values() * kSideBySide + slice * kStateLanes) {}
  double operator()(int64_t number, int64_t lane) const {
    double value = 0;
    images_.visit([&](const auto* lanes) { value = lanes[first_ + number * kSideBySide + lane]; });
    return value;
  }

 private:
  const TrainingImages& images_;
  int64_t first_;
};

class OwnMeans final : public FilteredMeans {
 public:
  OwnMeans(std::shared_ptr<const LaneFilter> filter, PlaneLayout layout, std::vector<int32_t> answers)
      : filter_(std::move(filter)), layout_(layout), answers_(std::move(answers)) {
    check(std::ssize(answers_) == filter_->places() && layout_.planes == filter_->planes(), "an answer for each place");
  }

  void denoise(const FilteredQuery& asked, double* denoised) const override {
    const LaneQuery query(asked, *filter_, layout_);
    const int64_t size = 2 + layout_.channels;
    const Numbers states = query.energies_do() ? streamed(query) : refined(query);
    for (int64_t p = 0; p < filter_->places(); ++p) {
      const double* state = states.data() + p * size;
      for (int64_t c = 0; c < layout_.channels; ++c) denoised[number(c, p)] = state[2 + c] / state[1];
    }
  }

 private:
  int64_t number(int64_t channel, int64_t place) const {
    return channel * layout_.planes + answers_[static_cast<size_t>(place)];
  }

  Numbers streamed(const LaneQuery& query) const {
    const Answers answers{filter_->places(), layout_.channels, layout_.planes, answers_.data()};
    const int64_t group_size = query.query.images.shape().values() * kSideBySide;
    return streamed_states(query, layout_.channels, [&](int64_t group, const double* energies, double* state) {
      query.query.images.visit([&](const auto* lanes) {
        update_means(energies, lanes + group * group_size, answers, query.per_energy, state);
      });
    });
  }

  Numbers refined(const LaneQuery& query) const {
    const NearestImages nearest = nearest_images(query);
    const int64_t size = 2 + layout_.channels;
    return merged_states(query, layout_.channels, [&](const ImagePart& shard, double* states) {
      for_each_near(query, nearest, shard, [&](int64_t place, int64_t group, int64_t slice, const double* differences) {
        const SliceNumbers numbers(query.query.images, group, slice);
        double* state = states + place * size;
        for (int64_t l = 0; l < kStateLanes; ++l) {
          const double weight = enter_state(state, layout_.channels, differences[l], query.per_energy);
          if (weight == 0) continue;
          state[1] += weight;
          for (int64_t c = 0; c < layout_.channels; ++c) state[2 + c] += weight * numbers(number(c, place), l);
        }
      });
    });
  }

  std::shared_ptr<const LaneFilter> filter_;
  PlaneLayout layout_;
  std::vector<int32_t> answers_;
};

class CompositeMeans final : public FilteredMeans {
 public:
  CompositeMeans(std::shared_ptr<const LaneFilter> filter, std::shared_ptr<const LaneFilter> response,
                 PlaneLayout layout)
      : filter_(std::move(filter)), response_(std::move(response)), layout_(layout) {
    check(response_->planes() == filter_->places() && response_->places() == filter_->planes() &&
              layout_.planes == filter_->planes(),
          "the response is the filter transposed");
    std::vector<int32_t> places;
    std::vector<double> weights;
    for (int64_t v = 0; v < layout_.planes; ++v) {
      response_->member(v, places, weights);
      covering_.push_back(weights.empty() ? static_cast<double>(places.size())
                                          : std::accumulate(weights.begin(), weights.end(), 0.0));
    }
  }

  void denoise(const FilteredQuery& asked, double* denoised) const override {
    const LaneQuery query(asked, *filter_, layout_);
    const Numbers sums = query.energies_do() ? streamed(query) : refined(query);
    for (int64_t c = 0; c < layout_.channels; ++c) {
      for (int64_t v = 0; v < layout_.planes; ++v) {
        const double covering = covering_[static_cast<size_t>(v)];
        denoised[c * layout_.planes + v] = covering == 0 ? 0
                                                         : sums[static_cast<size_t>(c * layout_.planes + v)] / covering;
      }
    }
  }

 private:
  // Sums over images [channels * planes] of all shards, each by compute(shard, sums), added in order.
  template <class Compute>
  Numbers added_sums(const LaneQuery& query, const Compute& compute) const {
    const std::vector<ImagePart> shards = shards_of(query.query.parts);
    std::vector<Numbers> sums(shards.size());
    for_each_shard_of(shards, [&](int64_t number, const ImagePart& shard) {
      Numbers& own = sums[static_cast<size_t>(number)];
      own.assign(static_cast<size_t>(layout_.channels * layout_.planes), 0.0);
      compute(shard, own.data());
    });
    for (size_t s = 1; s < sums.size(); ++s) {
      std::transform(sums[0].begin(), sums[0].end(), sums[s].begin(), sums[0].begin(), std::plus<>());
    }
    return std::move(sums[0]);
  }

  Numbers streamed(const LaneQuery& query) const {
    const int64_t places = filter_->places(), numbers = layout_.channels * layout_.planes;
    const Numbers totals = streamed_states(query, 0, [&](int64_t, const double* energies, double* state) {
      update_sums(energies, places, query.per_energy, state);
    });
    return added_sums(query, [&](const ImagePart& shard, double* own) {
      GroupEnergies energies(query);
      const auto doubles = [](int64_t count) { return torch::zeros({count}, torch::kFloat64); };
      const auto weights = doubles(places * kSideBySide), shares = doubles(layout_.planes * kSideBySide);
      const auto scratch = doubles(response_->scratch_size()), lanes = doubles(numbers * kStateLanes);
      for (int64_t i = 0; i < shard.groups(); ++i) {
        const int64_t group = shard.first_group + i;
        soft_max_weights(energies.of(group, shard.filled(i)), totals.data(), places, query.per_energy,
                         weights.data_ptr<double>());
        response_->apply(weights.const_data_ptr<double>(), scratch.data_ptr<double>(), shares.data_ptr<double>());
        query.query.images.visit([&](const auto* stored) {
          add_weighted(stored + group * numbers * kSideBySide, shares.const_data_ptr<double>(), layout_.channels,
                       layout_.planes, lanes.data_ptr<double>());
        });
      }
      const auto sums = lanes.view({numbers, kStateLanes}).sum(1);
      std::copy_n(sums.const_data_ptr<double>(), numbers, own);
    });
  }

  Numbers refined(const LaneQuery& query) const {
    const NearestImages nearest = nearest_images(query);
    const Numbers totals = merged_states(query, 0, [&](const ImagePart& shard, double* states) {
      for_each_near(query, nearest, shard, [&](int64_t place, int64_t, int64_t, const double* differences) {
        double* state = states + place * 2;
        for (int64_t l = 0; l < kStateLanes; ++l) {
          const double weight = enter_state(state, 0, differences[l], query.per_energy);
          state[1] += weight;
        }
      });
    });
    return added_sums(query, [&](const ImagePart& shard, double* own) {
      std::vector<int32_t> planes;
      std::vector<double> responses;
      int64_t last = -1;  // place whose planes these are
      for_each_near(query, nearest, shard, [&](int64_t place, int64_t group, int64_t slice, const double* differences) {
        if (std::exchange(last, place) != place) filter_->member(place, planes, responses);
        const double* total = totals.data() + 2 * place;
        const SliceNumbers numbers(query.query.images, group, slice);
        for (int64_t l = 0; l < kStateLanes; ++l) {
          const double weight = soft_weight(differences[l] - total[0], query.per_energy) / total[1];
          if (weight == 0) continue;
          for (int64_t c = 0; c < layout_.channels; ++c) {
            for (size_t k = 0; k < planes.size(); ++k) {
              const int64_t number = c * layout_.planes + planes[k];
              own[number] += weight * (responses.empty() ? 1 : responses[k]) * numbers(number, l);
            }
          }
        }
      });
    });
  }

  std::shared_ptr<const LaneFilter> filter_, response_;
  PlaneLayout layout_;
  Numbers covering_;  // places of each plane, or the sum of their weights
};

}  // namespace

std::unique_ptr<FilteredMeans> make_own_means(std::shared_ptr<const LaneFilter> filter, PlaneLayout layout,
                                              std::vector<int32_t> answers) {
  return std::make_unique<OwnMeans>(std::move(filter), layout, std::move(answers));
}

std::unique_ptr<FilteredMeans> make_composite_means(std::shared_ptr<const LaneFilter> filter,
                                                    std::shared_ptr<const LaneFilter> response, PlaneLayout layout) {
  return std::make_unique<CompositeMeans>(std::move(filter), std::move(response), layout);
}

}  // namespace farfield
