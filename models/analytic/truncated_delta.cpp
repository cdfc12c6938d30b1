#include "models/analytic/truncated_delta.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <numbers>
#include <optional>

#include <ATen/Parallel.h>
#include <fmt/format.h>

#include "core/error.h"
#include "core/math/random.h"
#include "core/text.h"
#include "models/analytic/analytic_base.h"
#include "models/analytic/candidate_bounds.h"
#include "models/analytic/candidate_estimate.h"
#include "models/analytic/candidate_search.h"
#include "models/analytic/point_distances.h"

namespace farfield {
namespace {

using torch::Tensor;

constexpr int64_t kRank = 128;
constexpr int64_t kBoundsAtOnce = int64_t{1} << 24;  // numbers
constexpr int64_t kReadFraction = 8;                 // more than 1 / 8 of the points: all of them cost less

struct Centre {
  Tensor mean;          // [d] float64
  double variance = 0;  // total
  double reach = 0;     // no two points are further apart
};

Centre measure_centre(const Tensor& points) {
  Centre result{torch::zeros({points.size(1)}, torch::kFloat64)};
  for (const Tensor& block : points.split(2048)) result.mean += block.sum(0, false, torch::kFloat64);
  result.mean /= static_cast<double>(points.size(0));
  for (const Tensor& block : points.split(2048)) {
    const Tensor squares = (block.to(torch::kFloat64) - result.mean).square().sum(1);
    result.variance += squares.sum().item<double>() / static_cast<double>(points.size(0));
    result.reach = std::max(result.reach, 2 * std::sqrt(squares.max().item<double>()));
  }
  return result;
}

std::string name_of(const Truncation& truncation) {
  if (truncation.golden) return "delta (golden subset)";
  const int64_t neighbours = truncation.neighbours;
  if (truncation.uniform > 0) return fmt::format("delta ({} neighbours, {} others)", neighbours, truncation.uniform);
  if (truncation.draws > 0) return fmt::format("delta ({} neighbours, {} draws)", neighbours, truncation.draws);
  if (neighbours > 0) return fmt::format("delta ({} neighbours)", neighbours);
  return fmt::format("delta (epsilon {})", format_double(truncation.epsilon));
}

class TruncatedDelta final : public AnalyticBase, public CandidateReader {
 public:
  TruncatedDelta(Tensor points, const std::vector<int64_t>& shape, const Truncation& truncation, const Centre& centre,
                 CandidateBounds bounds, uint64_t seed)
      : AnalyticBase("delta", name_of(truncation), shape, points.size(1), centre.variance),
        exact_(make_delta(points, shape)),
        points_(std::move(points)),
        truncation_(truncation),
        reach_(centre.reach),
        bounds_(std::move(bounds)),
        seed_(seed) {
    if (truncation_.uniform == 0) return;
    const Tensor order = torch::randperm(count(), keyed_generator({seed, 0x756e6966}));
    order_.assign(order.const_data_ptr<int64_t>(), order.const_data_ptr<int64_t>() + count());
  }

  CandidateReading reading() const override {
    const bool estimate = truncation_.golden || truncation_.uniform > 0 || truncation_.draws > 0;
    const double dropped = estimate                     ? std::numeric_limits<double>::quiet_NaN()
                           : truncation_.neighbours > 0 ? dropped_.load()
                                                        : truncation_.epsilon;
    return {count(), queries_.load(), read_.load(), dropped, reach_};
  }

 private:
  int64_t count() const { return points_.size(0); }
  int64_t dim() const { return points_.size(1); }
  const float* point(int64_t index) const { return points_.const_data_ptr<float>() + index * dim(); }

  // What is known of one state: candidates and their weights, which sum up to 1; none: all points count.
  struct State {
    std::optional<Candidates> candidates;
    std::vector<double> weights;
    double log_sum = 0;  // log of sum_kept exp(-|x - y|^2 / (2 sigma^2))
  };

  std::optional<Candidates> candidates_of(const CandidateQuery& query, double variance) const {
    const double points = static_cast<double>(count());
    if (truncation_.golden) {
      const GoldenSizes sizes = golden_sizes(count(), std::sqrt(variance));
      return screened_candidates(query, sizes.screened, sizes.weighed);
    }
    if (truncation_.neighbours > 0) {
      Candidates found = nearest_candidates(query, truncation_.neighbours);
      if (truncation_.uniform > 0) return with_uniform_others(query, std::move(found), order_, truncation_.uniform);
      if (truncation_.draws > 0) return drawn_candidates(query, found, variance, truncation_.draws, seed_);
      const double left = points - static_cast<double>(found.kept.size());
      note_dropped(std::min(1.0, left * std::exp((found.nearest - found.outside) / (2 * variance))));
      return found;
    }
    return within_margin(query, 2 * variance * std::log(points / truncation_.epsilon), count() / kReadFraction);
  }

  void note_dropped(double share) const {
    double before = dropped_.load();
    while (before < share && !dropped_.compare_exchange_weak(before, share)) {
    }
  }

  State state_of(const CandidateQuery& query, double variance) const {
    State state{candidates_of(query, variance), {}, 0};
    ++queries_;
    read_ += state.candidates ? state.candidates->read : count();
    if (!state.candidates) return state;
    const float* best = point(state.candidates->nearest_index);
    double highest = 0, sum = 0;  // above 0 by rounding at most, or where points stand for many
    const auto& candidates = *state.candidates;
    for (size_t k = 0; k < candidates.kept.size(); ++k) {
      const double exponent = half_difference(query.x, point(candidates.kept[k]), best, dim()) / variance;
      state.weights.push_back(exponent + (candidates.log_counts.empty() ? 0 : candidates.log_counts[k]));
      highest = std::max(highest, state.weights.back());
    }
    for (double& weight : state.weights) sum += weight = std::exp(weight - highest);
    for (double& weight : state.weights) weight /= sum;
    state.log_sum = std::log(sum) + highest - state.candidates->nearest / (2 * variance);
    return state;
  }

  // visit(row, state) for every row of the batch, by threads.
  template <class Visit>
  void for_each_state(const Tensor& rows, const Tensor& variance, const Visit& visit) const {
    const int64_t pool = truncation_.golden ? pool_for(variance) : count();
    const int64_t at_once = std::max<int64_t>(1, kBoundsAtOnce / pool);
    for (int64_t first = 0; first < rows.size(0); first += at_once) {
      const Tensor part = rows.narrow(0, first, std::min(at_once, rows.size(0) - first));
      const auto [lower, slack] = bounds_.squares(part, pool);
      at::parallel_for(0, part.size(0), 1, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
          const double level = variance.const_data_ptr<double>()[first + i];
          const int64_t own = truncation_.golden ? golden_sizes(count(), std::sqrt(level)).pool : pool;
          const CandidateQuery query{
              part.const_data_ptr<double>() + i * dim(), points_.const_data_ptr<float>(),  own, dim(),
              lower.const_data_ptr<float>() + i * pool,  slack.const_data_ptr<double>()[i]};
          visit(first + i, state_of(query, level));
        }
      });
    }
  }

  int64_t pool_for(const Tensor& variance) const {
    int64_t most = 1;
    for (int64_t i = 0; i < variance.numel(); ++i) {
      most = std::max(most, golden_sizes(count(), std::sqrt(variance.const_data_ptr<double>()[i])).pool);
    }
    return most;
  }

  // sum_k w_k y_k, [d].
  void mean_of(const State& state, double* mean) const {
    std::fill_n(mean, dim(), 0.0);
    for (size_t k = 0; k < state.weights.size(); ++k)
      add_weighted(state.weights[k], point(state.candidates.value().kept[k]), dim(), mean);
  }

  // sum_k w_k (y_k - D) <y_k - D, v>, [d].
  void spread_of(const State& state, const double* mean, const double* v, double* spread) const {
    std::fill_n(spread, dim(), 0.0);
    double along = 0;
    for (size_t k = 0; k < state.weights.size(); ++k) {
      const float* y = point(state.candidates.value().kept[k]);
      const double weight = state.weights[k] * centred_product(y, mean, v, dim());
      add_weighted(weight, y, dim(), spread), along += weight;
    }
    for (int64_t i = 0; i < dim(); ++i) spread[i] -= along * mean[i];
  }

  // sum_k w_k |y_k - D|^2.
  double variance_of(const State& state, const double* mean) const {
    double sum = 0;
    for (size_t k = 0; k < state.weights.size(); ++k) {
      sum += state.weights[k] * squared_distance_up_to(mean, point(state.candidates.value().kept[k]), dim(),
                                                       std::numeric_limits<double>::infinity());
    }
    return sum;
  }

  struct Batch {
    Tensor rows, variance;  // [B, d], [B] float64 on the CPU
  };
  static Batch batch_of(const Tensor& rows, const Tensor& variance) {
    return {rows.to(torch::kCPU, torch::kFloat64).contiguous(),
            variance.to(torch::kCPU, torch::kFloat64).reshape({-1}).contiguous()};
  }

  // evaluate(rows of the exact denoiser, their sigma) at the rows that read everything.
  template <class Evaluate>
  void complete(const std::vector<uint8_t>& whole, const Batch& batch, const Evaluate& evaluate) const {
    std::vector<int64_t> left;
    for (size_t i = 0; i < whole.size(); ++i) {
      if (whole[i] != 0) left.push_back(static_cast<int64_t>(i));
    }
    if (left.empty()) return;
    const Tensor index = torch::tensor(left, torch::kInt64);
    std::vector<int64_t> shape = info().sample_shape;
    shape.insert(shape.begin(), index.numel());
    evaluate(index, batch.rows.index_select(0, index).reshape(shape), batch.variance.index_select(0, index).sqrt());
  }

  Tensor denoise_rows(const Tensor& rows, const Tensor& variance) const override {
    const torch::NoGradGuard no_gradients;
    const Batch batch = batch_of(rows.detach(), variance);
    Tensor result = torch::empty_like(batch.rows);
    std::vector<uint8_t> whole(static_cast<size_t>(rows.size(0)));
    for_each_state(batch.rows, batch.variance, [&](int64_t row, const State& state) {
      if (state.candidates) return mean_of(state, result.mutable_data_ptr<double>() + row * dim());
      whole[static_cast<size_t>(row)] = 1;
    });
    complete(whole, batch, [&](const Tensor& index, const Tensor& x, const Tensor& sigma) {
      result.index_copy_(0, index, (*exact_)(x.to(rows.scalar_type()), sigma).reshape({-1, dim()}).to(torch::kFloat64));
    });
    return result.to(rows.device());
  }

  Pullback pull_back_rows(const Tensor& rows, const Tensor& variance, const Tensor& v) const override {
    const Batch batch = batch_of(rows, variance);
    const Tensor wide_v = v.to(torch::kCPU, torch::kFloat64).contiguous();
    Tensor mean = torch::empty_like(batch.rows), spread = torch::empty_like(batch.rows);
    std::vector<uint8_t> whole(static_cast<size_t>(rows.size(0)));
    for_each_state(batch.rows, batch.variance, [&](int64_t row, const State& state) {
      whole[static_cast<size_t>(row)] = state.candidates ? 0 : 1;
      if (!state.candidates) return;
      double* own = mean.mutable_data_ptr<double>() + row * dim();
      mean_of(state, own);
      spread_of(state, own, wide_v.const_data_ptr<double>() + row * dim(),
                spread.mutable_data_ptr<double>() + row * dim());
    });
    Tensor product = spread / batch.variance.unsqueeze(1);
    complete(whole, batch, [&](const Tensor& index, const Tensor& x, const Tensor& sigma) {
      const auto some = exact_->vector_jacobian(x, sigma, wide_v.index_select(0, index).reshape(x.sizes()));
      mean.index_copy_(0, index, some.denoised.reshape({-1, dim()}));
      product.index_copy_(0, index, some.product.reshape({-1, dim()}));
    });
    return {mean.to(rows.device()), product.to(rows.device())};
  }

  Traced trace_rows(const Tensor& rows, const Tensor& variance) const override {
    const Batch batch = batch_of(rows, variance);
    Tensor mean = torch::empty_like(batch.rows), spread = torch::empty_like(batch.variance);
    std::vector<uint8_t> whole(static_cast<size_t>(rows.size(0)));
    for_each_state(batch.rows, batch.variance, [&](int64_t row, const State& state) {
      whole[static_cast<size_t>(row)] = state.candidates ? 0 : 1;
      if (!state.candidates) return;
      double* own = mean.mutable_data_ptr<double>() + row * dim();
      mean_of(state, own);
      spread.mutable_data_ptr<double>()[row] = variance_of(state, own);
    });
    Tensor trace = spread / batch.variance;
    complete(whole, batch, [&](const Tensor& index, const Tensor& x, const Tensor& sigma) {
      const Traced some = exact_->with_trace(x, sigma);
      mean.index_copy_(0, index, some.denoised.reshape({-1, dim()}));
      trace.index_copy_(0, index, some.trace);
    });
    return {mean.to(rows.device()), trace.to(rows.device())};
  }

  Tensor log_density_of_rows(const Tensor& rows, double sigma) const override {
    const Batch batch = batch_of(
        rows, torch::full({rows.size(0)}, std::max(sigma * sigma, kSmallestVariance), torch::kFloat64));
    Tensor result = torch::empty({rows.size(0)}, torch::kFloat64);
    std::vector<uint8_t> whole(static_cast<size_t>(rows.size(0)));
    const double constant = std::log(static_cast<double>(count())) +
                            static_cast<double>(dim()) / 2 * std::log(2 * std::numbers::pi * sigma * sigma);
    for_each_state(batch.rows, batch.variance, [&](int64_t row, const State& state) {
      whole[static_cast<size_t>(row)] = state.candidates ? 0 : 1;
      result.mutable_data_ptr<double>()[row] = state.log_sum - constant;
    });
    complete(whole, batch, [&](const Tensor& index, const Tensor& x, const Tensor&) {
      result.index_copy_(0, index, exact_->log_density(x, sigma));
    });
    return result.to(rows.device());
  }

  std::unique_ptr<AnalyticDenoiser> exact_;
  Tensor points_;  // [N, d] float32 on the CPU
  Truncation truncation_;
  double reach_;
  CandidateBounds bounds_;
  uint64_t seed_;
  std::vector<int64_t> order_;  // of the points, random
  mutable std::atomic<int64_t> queries_ = 0, read_ = 0;
  mutable std::atomic<double> dropped_ = 0;
};

}  // namespace

GoldenSizes golden_sizes(int64_t points, double sigma) {
  const double n = static_cast<double>(points), g = 1 - sigma / std::sqrt(1 + sigma * sigma);
  const double least = n / 20, most = n / 10;
  const auto size = [&](double value) { return std::clamp<int64_t>(std::llround(value), 1, points); };
  return {size(most + (n - most) * g), size(most), size(most - (most - least) * g)};
}

std::unique_ptr<AnalyticDenoiser> make_truncated_delta(Tensor points, const std::vector<int64_t>& shape,
                                                       const Truncation& truncation, uint64_t seed) {
  const bool certified = truncation.epsilon != 0;
  if (certified + (truncation.neighbours != 0) + truncation.golden != 1)
    throw usage_error("delta: give one of epsilon=E, neighbours=K and golden=yes");
  if (certified && !(truncation.epsilon > 0 && truncation.epsilon < 1))
    throw usage_error(fmt::format("delta: epsilon is {}, expected above 0 and below 1", truncation.epsilon));
  if ((truncation.uniform != 0 || truncation.draws != 0) && truncation.neighbours == 0)
    throw usage_error("delta: uniform= and draws= go with neighbours=K, the points that are read in any case");
  if (truncation.uniform != 0 && truncation.draws != 0) throw usage_error("delta: give uniform=L or draws=R, not both");
  if (truncation.golden && shape.size() != 3)
    throw usage_error(fmt::format("delta: golden=yes takes images, and a sample has {} dimensions", shape.size()));
  check(points.defined() && points.dim() >= 2 && points.numel() > 0 && points.scalar_type() == torch::kFloat32,
        "make_truncated_delta: [N, ...shape] float32");
  points = points.reshape({points.size(0), -1}).to(torch::kCPU).contiguous();
  if (truncation.golden)
    points = points.index_select(0, torch::randperm(points.size(0), keyed_generator({seed, 0x676f6c64})));
  const Centre centre = measure_centre(points);
  CandidateBounds bounds(points,
                         truncation.golden ? block_directions(shape) : leading_directions(points, centre.mean, kRank),
                         centre.mean, !truncation.golden);
  return std::make_unique<TruncatedDelta>(std::move(points), shape, truncation, centre, std::move(bounds), seed);
}

}  // namespace farfield
