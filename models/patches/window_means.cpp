#include "models/patches/window_means.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>

#include "models/patches/group_energies.h"
#include "models/patches/soft_state.h"
#include "models/patches/window_tiles.h"

namespace farfield {
namespace {

using torch::Tensor;

constexpr int64_t kGroupsOfWindowShard = 2, kMostWindowShards = 1024;
// Errors in a logit that are allowed where D is wanted in float32; n of them of random signs make less of one in D.
constexpr double kAllowedNarrowLogitError = 4e-6;

// A window of the training images.
struct WindowPlace {
  double score = -std::numeric_limits<double>::infinity();  // largest so far
  int64_t group = 0, lane = 0, row = 0, column = 0;
};

class WindowMeans final : public FilteredMeans {
 public:
  WindowMeans(const ImageShape& shape, int64_t k, WindowMode mode)
      : shape_(shape), extent_{shape.channels, k}, plan_(window_plan(shape, k, mode)) {}

  void denoise(const FilteredQuery& query, double* denoised) const override {
    const int64_t size = 2 + shape_.channels;
    const std::vector<double> states = states_of(query);
    for (const WindowGroup& group : plan_.groups) {
      for (const int32_t pixel : group.queries) {
        const double* state = states.data() + pixel * size;
        for (int64_t c = 0; c < shape_.channels; ++c) denoised[c * shape_.pixels() + pixel] = state[2 + c] / state[1];
      }
    }
  }

 private:
  std::vector<double> states_of(const FilteredQuery& query) const {
    const double shift = query.images.mean().mean().item<double>();
    if (query.narrow && logit_error<float>(query, shift) <= kAllowedNarrowLogitError) {
      return streamed<float>(query, static_cast<float>(shift));
    }
    if (logit_error<double>(query, 0) <= kAllowedLogitError) return streamed<double>(query, 0);
    return refined(query);
  }

  // What a logit from a product in Scalar typically errs by. A sum of K products grows to about K rms^2 and is rounded
  // K times.
  template <class Scalar>
  double logit_error(const FilteredQuery& query, double shift) const {
    double squares = 0;
    for (int64_t i = 0; i < shape_.values(); ++i) squares += (query.x[i] - shift) * (query.x[i] - shift);
    const double of_query = squares / static_cast<double>(shape_.values());
    const double of_images = std::max(0.0, query.images.mean_square() - shift * shift);
    const double most = std::sqrt(of_query * of_images) + of_images;
    const double unit = std::numeric_limits<Scalar>::epsilon() / 2;
    return unit * std::pow(static_cast<double>(extent_.depth()), 1.5) * most / 8 / query.variance;
  }

  template <class Scalar>
  PaddedImages<Scalar> padded_query(const FilteredQuery& query, double shift) const {
    PaddedImages<Scalar> padded(shape_, plan_.reach, plan_.wraps, shift, 1);
    padded.set(0, query.x);
    return padded;
  }

  template <class Scalar>
  PaddedImages<Scalar> padded_shard(const FilteredQuery& query, const ImagePart& shard, double shift) const {
    PaddedImages<Scalar> padded(shape_, plan_.reach, plan_.wraps, shift, shard.images);
    for (int64_t i = 0; i < shard.images; ++i) {
      padded.set(i, query.images, shard.first_group + i / kSideBySide, i % kSideBySide);
    }
    return padded;
  }

  // visit(queries of a group, windows, first window of the tile, tile, row of the query, its scores) for all products
  // of a shard.
  template <class Scalar, class Visit>
  void for_each_product(const PaddedImages<Scalar>& padded, int64_t images, const std::vector<Tensor>& queries,
                        double shift, const Visit& visit) const {
    const int64_t at_once = windows_of_tile<Scalar>(extent_);
    WindowTile<Scalar> tile(extent_, at_once);
    std::vector<Scalar> scores(static_cast<size_t>(kProductRows * at_once));
    const WindowHashes<Scalar> hashes(padded, images, extent_, shape_);
    for (size_t g = 0; g < plan_.groups.size(); ++g) {
      const WindowGroup& group = plan_.groups[g];
      const auto windows = distinct_windows(padded, hashes, images, extent_, group.candidates);
      for (int64_t first = 0; first < std::ssize(windows); first += at_once) {
        tile.pack(padded, windows, first, std::min(at_once, std::ssize(windows) - first), shift);
        for (int64_t q = 0; q < std::ssize(group.queries); q += kProductRows) {
          const Scalar* rows = queries[g].template const_data_ptr<Scalar>() + q * extent_.depth();
          constexpr int64_t kColumns = kProductColumns<Scalar>;
          multiply({rows, tile.panels(), tile.bias(), extent_.depth(), tile.columns() / kColumns,
                    kColumns * extent_.depth(), kColumns, scores.data(), tile.columns()});
          for (int64_t r = 0; r < std::min(kProductRows, std::ssize(group.queries) - q); ++r) {
            visit(group.queries[static_cast<size_t>(q + r)], windows, first, tile, scores.data() + r * tile.columns());
          }
        }
      }
    }
  }

  template <class Scalar>
  std::vector<Tensor> panels_of(const PaddedImages<Scalar>& query) const {
    std::vector<Tensor> panels;
    for (const WindowGroup& group : plan_.groups) {
      panels.push_back(query_panels(query, extent_, shape_.width, group.queries));
    }
    return panels;
  }

  // States [pixels][2 + C] of all shards, each by compute(shard, states), merged in order.
  template <class Compute>
  std::vector<double> merged(const FilteredQuery& query, const Compute& compute) const {
    const int64_t size = 2 + shape_.channels;
    const auto shards = shards_of(query.parts, kGroupsOfWindowShard, kMostWindowShards);
    std::vector<std::vector<double>> states(shards.size());
    for_each_shard_of(shards, [&](int64_t number, const ImagePart& shard) {
      auto& own = states[static_cast<size_t>(number)];
      own.resize(static_cast<size_t>(shape_.pixels() * size));
      for (int64_t p = 0; p < shape_.pixels(); ++p) clear_state(own.data() + p * size, shape_.channels);
      compute(shard, own.data());
    });
    for (size_t s = 1; s < states.size(); ++s) {
      for (int64_t p = 0; p < shape_.pixels(); ++p) {
        merge_state(states[0].data() + p * size, states[s].data() + p * size, shape_.channels, 0.5 / query.variance);
      }
    }
    return std::move(states[0]);
  }

  template <class Scalar>
  std::vector<double> streamed(const FilteredQuery& query, double shift) const {
    const std::vector<Tensor> queries = panels_of(padded_query<Scalar>(query, shift));
    const double per_energy = 0.5 / query.variance, cutoff = -kLeastExponent / per_energy;
    return merged(query, [&](const ImagePart& shard, double* states) {
      std::vector<double> own(static_cast<size_t>(2 + shape_.channels));
      const auto add = [&](int64_t pixel, const auto&, int64_t, const WindowTile<Scalar>& tile, Scalar* scores) {
        double* state = states + pixel * (2 + shape_.channels);
        const Scalar largest = largest_of(scores, tile.columns());
        own[0] = -2 * static_cast<double>(largest);
        if (own[0] > state[0] + cutoff) return;
        sum_scores(ScoreSums<Scalar>{scores, tile.counts(), tile.values(), tile.columns(), shape_.channels, largest,
                                     static_cast<Scalar>(2 * per_energy), own.data() + 1});
        merge_state(state, own.data(), shape_.channels, per_energy);
      };
      for_each_product(padded_shard<Scalar>(query, shard, shift), shard.images, queries, shift, add);
    });
  }

  // For each pixel the window with the largest score.
  std::vector<WindowPlace> nearest_windows(const FilteredQuery& query, const std::vector<Tensor>& queries) const {
    const auto shards = shards_of(query.parts, kGroupsOfWindowShard, kMostWindowShards);
    std::vector<std::vector<WindowPlace>> found(shards.size());
    for_each_shard_of(shards, [&](int64_t number, const ImagePart& shard) {
      auto& own = found[static_cast<size_t>(number)];
      own.resize(static_cast<size_t>(shape_.pixels()));
      const auto look = [&](int64_t pixel, const std::vector<DistinctWindow>& windows, int64_t first,
                            const WindowTile<double>& tile, const double* scores) {
        WindowPlace& best = own[static_cast<size_t>(pixel)];
        const double largest = largest_of(scores, tile.columns());
        if (largest <= best.score) return;
        const int64_t t = std::find(scores, scores + tile.columns(), largest) - scores;
        const DistinctWindow& window = windows[static_cast<size_t>(first + t)];
        best = {largest, shard.first_group + window.image / kSideBySide, window.image % kSideBySide, window.row,
                window.column};
      };
      for_each_product(padded_shard<double>(query, shard, 0), shard.images, queries, 0, look);
    });
    for (size_t s = 1; s < found.size(); ++s) {
      for (size_t p = 0; p < found[0].size(); ++p) {
        if (found[s][p].score > found[0][p].score) found[0][p] = found[s][p];
      }
    }
    return std::move(found[0]);
  }

  // How far a score may be below the largest and still matter.
  double window_of_scores(const FilteredQuery& query) const {
    double largest = 0;
    for (int64_t i = 0; i < shape_.values(); ++i) largest = std::max(largest, std::abs(query.x[i]));
    const auto depth = static_cast<double>(extent_.depth());
    const double most = depth * query.images.largest() * (largest + query.images.largest());
    const double error = (depth + 4) * std::numeric_limits<double>::epsilon() / 2 * most;
    return -kLeastExponent * query.variance + 2 * error;
  }

  // Windows [pixels][K] around each pixel: of one image, the same place; or each of its own.
  template <class WindowOf>
  std::vector<double> copied_windows(const WindowOf& window_of) const {
    std::vector<double> copies;
    copies.reserve(static_cast<size_t>(shape_.pixels() * extent_.depth()));
    PaddedImages<double> padded(shape_, plan_.reach, plan_.wraps, 0, 1);
    for (int64_t pixel = 0; pixel < shape_.pixels(); ++pixel) {
      const double* window = window_of(pixel, padded);
      for (int64_t c = 0; c < extent_.channels; ++c) {
        for (int64_t a = 0; a < extent_.side; ++a) {
          const double* row = window + c * padded.channel_stride() + a * padded.row_stride();
          copies.insert(copies.end(), row, row + extent_.side);
        }
      }
    }
    return copies;
  }

  // |window - query|^2 - |nearest - query|^2, exact where both are nearly equal.
  double energy_difference(const PaddedImages<double>& padded, const DistinctWindow& window, const double* query,
                           const double* nearest) const {
    const double* first = padded.window(window.image, window.row, window.column);
    double sum = 0;
    for (int64_t c = 0; c < extent_.channels; ++c) {
      for (int64_t a = 0; a < extent_.side; ++a) {
        const double* row = first + c * padded.channel_stride() + a * padded.row_stride();
        for (int64_t b = 0; b < extent_.side; ++b, ++query, ++nearest) {
          sum += (row[b] - *nearest) * ((row[b] - *query) + (*nearest - *query));
        }
      }
    }
    return sum;
  }

  std::vector<double> refined(const FilteredQuery& query) const {
    const PaddedImages<double> around = padded_query<double>(query, 0);
    const std::vector<Tensor> queries = panels_of(around);
    const std::vector<WindowPlace> nearest = nearest_windows(query, queries);
    const auto of_query = copied_windows([&](int64_t pixel, const PaddedImages<double>&) {
      return around.window(0, pixel / shape_.width, pixel % shape_.width);
    });
    const auto of_nearest = copied_windows([&](int64_t pixel, PaddedImages<double>& padded) {
      const WindowPlace& place = nearest[static_cast<size_t>(pixel)];
      padded.set(0, query.images, place.group, place.lane);
      return padded.window(0, place.row, place.column);
    });
    const double window = window_of_scores(query), per_energy = 0.5 / query.variance;
    return merged(query, [&](const ImagePart& shard, double* states) {
      const PaddedImages<double> padded = padded_shard<double>(query, shard, 0);
      const auto add = [&](int64_t pixel, const std::vector<DistinctWindow>& windows, int64_t first,
                           const WindowTile<double>& tile, const double* scores) {
        const double limit = nearest[static_cast<size_t>(pixel)].score - window;
        if (largest_of(scores, tile.columns()) < limit) return;
        double* state = states + pixel * (2 + shape_.channels);
        for (int64_t t = 0; t < tile.columns(); ++t) {
          if (scores[t] < limit || tile.counts()[t] == 0) continue;
          const double difference = energy_difference(padded, windows[static_cast<size_t>(first + t)],
                                                      of_query.data() + pixel * extent_.depth(),
                                                      of_nearest.data() + pixel * extent_.depth());
          const double weight = tile.counts()[t] * enter_state(state, shape_.channels, difference, per_energy);
          state[1] += weight;
          for (int64_t c = 0; c < shape_.channels; ++c) {
            state[2 + c] += weight * tile.values()[c * tile.columns() + t];
          }
        }
      };
      for_each_product(padded, shard.images, queries, 0, add);
    });
  }

  ImageShape shape_;
  WindowExtent extent_;
  WindowPlan plan_;
};

}  // namespace

std::unique_ptr<FilteredMeans> make_window_means(const ImageShape& shape, int64_t k, WindowMode mode) {
  return std::make_unique<WindowMeans>(shape, k, mode);
}

}  // namespace farfield
