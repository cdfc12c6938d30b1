#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include <fmt/format.h>

#include "core/error.h"
#include "core/math/softmax_sum.h"
#include "models/analytic/analytic_base.h"
#include "models/analytic/data_posterior.h"
#include "models/constant_tensor.h"

namespace farfield {

namespace {

// How the exact denoiser is both exact and as fast as two matrix products.
//
// logit_i = -|x - y_i|^2 / (2 s^2) is needed to an absolute error far below 1e-6, up to a constant. With x centred at
// the data's mean c it is (xc.y_i - |y_i - c|^2 / 2) / s^2 + const: one product. Rounding of a d-term product in a
// dtype of unit roundoff u is at most (d + 4) u |xc| |y|, whatever the order of summation (Higham 2002, eq. 3.5, with
// the rounding of the factors); typically it is about sqrt(d) u |xc| |y|. Hence two ways:
//  - dense, where 4 sqrt(d) u64 |xc| max|y| / s^2 <= 1e-10: product in float64, block by block, running soft-max;
//    only the second product, sum w_i y_i, is in x's dtype (its error is relative to the result).
//  - near, where few points can have a weight above 1e-30 (small s) or float64 would not do (tiny s): the product in
//    the data's own dtype selects every point within 69.1 s^2 + 2 (its proven error bound) of the best; the logits of
//    those are then formed from differences to the best point b, (y_i - y_b).(x - (y_i + y_b) / 2) / s^2 in float64,
//    which is as good as the data allow for any s.
// A strided probe of the data estimates how many points would be selected; small data are dense where they may be. Which
// way is taken changes the result by rounding only.
constexpr int64_t kPointsAtOnce = 256;            // data points at once: longer float32 sums would cost digits
constexpr int64_t kProbe = 2048;                  // data points of the probe
constexpr int64_t kNearFraction = 256;            // near when at most 1 / 256 of the points are selected
constexpr int64_t kSmallData = int64_t{1} << 18;  // numbers in all: fewer cost less than looking at a row by itself
constexpr double kDenseLogitError = 1e-10;
constexpr int64_t kScoresAtOnce = int64_t{1} << 24;  // [B, N] selection products held: 64 MB in float32
constexpr int64_t kRefinedAtOnce = 512;              // selected points refined at once

double unit_roundoff(torch::ScalarType dtype) {
  return dtype == torch::kFloat64 ? std::numeric_limits<double>::epsilon() / 2
                                  : std::numeric_limits<float>::epsilon() / 2.0;
}

struct Measures {
  torch::Tensor centre;        // [d] float64, the mean
  torch::Tensor half_squares;  // [N] float64, |y_i - centre|^2 / 2
  double max_norm = 0;         // max |y_i|
};

template <class Visit>
void for_each_block(const torch::Tensor& points, Visit visit) {
  for (int64_t first = 0; first < points.size(0); first += kPointsAtOnce) {
    visit(first, points.narrow(0, first, std::min(kPointsAtOnce, points.size(0) - first)));
  }
}

Measures measure(const torch::Tensor& points) {
  Measures result;
  auto sum = torch::zeros({points.size(1)}, torch::dtype(torch::kFloat64).device(points.device()));
  for_each_block(points, [&](int64_t first, const torch::Tensor& block) {
    if (!block.isfinite().all().item<bool>()) {
      throw numeric_error(
          fmt::format("delta: a data point among {} to {} is not finite", first, first + block.size(0) - 1));
    }
    sum += block.sum(0, false, torch::kFloat64);
  });
  result.centre = sum / static_cast<double>(points.size(0));
  std::vector<torch::Tensor> half_squares;
  for_each_block(points, [&](int64_t, const torch::Tensor& block) {
    const auto wide = block.to(torch::kFloat64);
    result.max_norm = std::max(result.max_norm, wide.square().sum(1).max().sqrt().item<double>());
    half_squares.push_back((wide - result.centre).square().sum(1) / 2);
  });
  result.half_squares = torch::cat(half_squares);
  return result;
}

torch::Tensor every_nth(const torch::Tensor& rows) {
  const int64_t step = std::max<int64_t>(1, rows.size(0) / kProbe);
  return step == 1 ? rows : rows.slice(0, 0, step * kProbe, step).contiguous();
}

class Delta final : public AnalyticBase, public DataPosterior {
 public:
  Delta(torch::Tensor points, std::vector<int64_t> shape, const Measures& measures)
      : AnalyticBase("delta", "delta", std::move(shape), points.size(1),
                     2 * measures.half_squares.mean().item<double>()),
        points_(points),
        half_squares_(measures.half_squares),
        probe_(every_nth(points)),
        probe_half_squares_(every_nth(measures.half_squares)),
        centre_(measures.centre),
        max_norm_(measures.max_norm),
        max_half_square_(measures.half_squares.max().item<double>()) {}

  Posterior posterior(const torch::Tensor& x, double sigma, const torch::Tensor&) const override {
    check_density_input(info(), x, sigma);
    const auto rows = rows_of(x);
    const Sums sums = evaluate(rows, variances(rows, sigma), dim());
    return {sums.mean.to(x.scalar_type()).reshape(x.sizes()), sums.log_sum - log_constant(sigma), sums.entropy};
  }

  torch::Tensor density(const torch::Tensor& x, double sigma, const torch::Tensor&) const override {
    return log_density(x, sigma);
  }

 private:
  // Some rows x of a call.
  struct Query {
    torch::Tensor rows;         // [B, d] float64
    torch::Tensor variance;     // [B, 1] float64, sigma^2
    torch::Tensor centred;      // [B, d] float64, x - c
    torch::ScalarType product;  // dtype of the weighted sum
    int64_t columns;            // of the weighted sum that are formed: d, or 0 where only densities are wanted
    Query select(const torch::Tensor& index) const {
      return {rows.index_select(0, index), variance.index_select(0, index), centred.index_select(0, index), product,
              columns};
    }
  };
  struct Sums {
    torch::Tensor mean;     // [B, columns] float64: D
    torch::Tensor log_sum;  // [B] float64: log sum_i exp(-|x - y_i|^2 / (2 s^2))
    torch::Tensor entropy;  // [B] float64: of the weights
  };

  int64_t count() const { return points_.original().size(0); }
  int64_t dim() const { return points_.original().size(1); }

  // Scores xc.y_i - |y_i - c|^2 / 2 in the data's dtype [B, n], and how far below the best of a row one may be and
  // still matter [B, 1].
  torch::Tensor scores(const Query& query, const torch::Tensor& points, const torch::Tensor& half_squares) const {
    const auto dtype = points.scalar_type();
    return torch::mm(query.centred.to(dtype), points.t()).sub_(half_squares.to(dtype));
  }
  torch::Tensor window(const Query& query) const {
    const double unit = (static_cast<double>(dim()) + 4) * unit_roundoff(points_.original().scalar_type());
    const auto norms = query.centred.norm(2, {1}, /*keepdim=*/true);
    return query.variance * kNegligibleLogit + 2 * unit * (norms * max_norm_ + max_half_square_);
  }
  // Not `>=`: where a product overflowed, every point must be looked at.
  static torch::Tensor selected(const torch::Tensor& scores, const torch::Tensor& window) {
    const auto lowest = scores.amax({1}, /*keepdim=*/true).to(torch::kFloat64) - window;
    return torch::lt(scores, lowest.to(scores.scalar_type())).logical_not_();
  }

  // [B] bool: rows for the dense way.
  torch::Tensor choose_dense(const Query& query) const {
    const auto device = query.rows.device();
    const double unit = 4 * std::sqrt(static_cast<double>(dim())) * unit_roundoff(torch::kFloat64);
    const auto error = unit * max_norm_ * query.centred.norm(2, {1}, true) / query.variance;
    auto allowed = (error <= kDenseLogitError).squeeze(1);
    if (count() * dim() <= kSmallData) return allowed;
    const auto probe = probe_.on(device);
    const auto many = selected(scores(query, probe, probe_half_squares_.on(device)), window(query)).sum(1) *
                          kNearFraction >
                      probe.size(0);
    const auto dense = allowed.logical_and(many);
    // Two ways in one call cost two passes over the data: when a quarter is dense, all that may be are.
    return dense.sum().item<int64_t>() * 4 >= query.rows.size(0) ? allowed : dense;
  }

  Sums near(const Query& query) const {
    const auto points = points_.on(query.rows.device());
    const auto all_scores = scores(query, points, half_squares_.on(query.rows.device()));
    const auto mask = selected(all_scores, window(query));
    Sums result = empty_sums(query);
    for (int64_t b = 0; b < query.rows.size(0); ++b) {
      const auto index = mask[b].nonzero().squeeze(1);
      const auto best = points[all_scores[b].argmax().item<int64_t>()].to(torch::kFloat64);
      const auto residual = query.rows[b] - best;
      SoftmaxSum sum(1, query.columns, query.rows.device());
      for (const auto& part : index.split(kRefinedAtOnce)) {
        const auto values = points.index_select(0, part).to(torch::kFloat64);
        const auto step = values - best;
        sum.add((step * (residual - step / 2)).sum(1).div_(query.variance[b]).unsqueeze(0),
                values.narrow(1, 0, query.columns));
      }
      result.mean[b] = sum.mean().squeeze(0);
      result.entropy[b] = sum.entropy().squeeze(0);
      result.log_sum[b] = sum.log_sum().squeeze(0) - residual.square().sum() / (2 * query.variance[b].squeeze(0));
    }
    return result;
  }

  Sums dense(const Query& query) const {
    const auto device = query.rows.device();
    const auto half_squares = half_squares_.on(device);
    SoftmaxSum sum(query.rows.size(0), query.columns, device);
    for_each_block(points_.on(device), [&](int64_t first, const torch::Tensor& block) {
      const auto wide = block.to(torch::kFloat64);
      auto logits = torch::mm(query.centred, wide.t());
      logits.sub_(half_squares.narrow(0, first, block.size(0))).div_(query.variance);
      const auto& values = block.scalar_type() == query.product ? block : wide;
      sum.add(logits, values.narrow(1, 0, query.columns));
    });
    const auto& centred = query.centred;
    const auto constant = (centred * (centre_.on(device) + centred / 2)).sum(1) / query.variance.squeeze(1);
    return {sum.mean(), sum.log_sum() - constant, sum.entropy()};
  }

  static Sums empty_sums(const Query& query) {
    const int64_t rows = query.rows.size(0);
    const auto empty = [&](torch::IntArrayRef shape) { return torch::empty(shape, query.rows.options()); };
    return {empty({rows, query.columns}), empty({rows}), empty({rows})};
  }

  Sums evaluate(const torch::Tensor& rows, const torch::Tensor& variance, int64_t columns) const {
    torch::NoGradGuard no_grad;
    const auto wide = rows.to(torch::kFloat64);
    const Query all{wide, variance, wide - centre_.on(rows.device()), rows.scalar_type(), columns};
    Sums result = empty_sums(all);
    const auto dense_rows = choose_dense(all);
    const auto run = [&](const torch::Tensor& index, const auto& way) {
      const int64_t at_once = std::max<int64_t>(1, kScoresAtOnce / count());
      if (index.numel() == 0) return;
      for (const auto& part : index.split(at_once)) {
        const Sums some = way(all.select(part));
        result.mean.index_copy_(0, part, some.mean);
        result.log_sum.index_copy_(0, part, some.log_sum);
        result.entropy.index_copy_(0, part, some.entropy);
      }
    };
    run(dense_rows.nonzero().squeeze(1), [this](const Query& query) { return dense(query); });
    run(dense_rows.logical_not().nonzero().squeeze(1), [this](const Query& query) { return near(query); });
    return result;
  }

  torch::Tensor denoise_rows(const torch::Tensor& rows, const torch::Tensor& variance) const override {
    return evaluate(rows, variance, dim()).mean;
  }

  // sum_i u_i (y_i - D) <y_i - D, v>, by differences as D itself. v, mean [d] float64 of one row.
  torch::Tensor spread_near(const Query& query, int64_t row, const torch::Tensor& index, const torch::Tensor& best,
                            const torch::Tensor& mean, const torch::Tensor& v) const {
    const auto residual = query.rows[row] - best;
    SoftmaxSum sum(1, dim(), query.rows.device());
    for (const auto& part : index.split(kRefinedAtOnce)) {
      const auto values = points_.on(query.rows.device()).index_select(0, part).to(torch::kFloat64);
      const auto step = values - best, apart = values - mean;
      sum.add((step * (residual - step / 2)).sum(1).div_(query.variance[row]).unsqueeze(0),
              apart * torch::mv(apart, v).unsqueeze(1));
    }
    return sum.mean().squeeze(0);
  }

  torch::Tensor spread_near(const Query& query, const Sums& sums, const torch::Tensor& v) const {
    const auto device = query.rows.device();
    const auto points = points_.on(device);
    const auto all_scores = scores(query, points, half_squares_.on(device));
    const auto mask = selected(all_scores, window(query));
    auto spread = torch::empty_like(query.rows);
    for (int64_t b = 0; b < query.rows.size(0); ++b) {
      const auto best = points[all_scores[b].argmax().item<int64_t>()].to(torch::kFloat64);
      spread[b] = spread_near(query, b, mask[b].nonzero().squeeze(1), best, sums.mean[b], v[b]);
    }
    return spread;
  }

  // visit(y - c [n, d], u [B, n], half squares [n]): all points and their weights in float64, block by block.
  template <class Visit>
  void for_each_weighted(const Query& query, const Sums& sums, const Visit& visit) const {
    const auto device = query.rows.device();
    const auto half_squares = half_squares_.on(device), centre = centre_.on(device);
    const auto constant = (query.centred * (centre + query.centred / 2)).sum(1) / query.variance.squeeze(1);
    const auto log_sum = (sums.log_sum + constant).unsqueeze(1);
    for_each_block(points_.on(device), [&](int64_t first, const torch::Tensor& block) {
      const auto wide = block.to(torch::kFloat64), squares = half_squares.narrow(0, first, block.size(0));
      auto weights = torch::mm(query.centred, wide.t()).sub_(squares);
      weights.div_(query.variance).sub_(log_sum).clamp_min_(-kNegligibleLogit).exp_();
      visit(wide - centre, weights, squares);
    });
  }

  torch::Tensor spread_dense(const Query& query, const Sums& sums, const torch::Tensor& v) const {
    const auto mean = sums.mean - centre_.on(query.rows.device());
    const auto along = (mean * v).sum(1, /*keepdim=*/true);
    auto spread = torch::zeros_like(query.rows), slope = torch::zeros_like(along);
    for_each_weighted(query, sums, [&](const torch::Tensor& apart, torch::Tensor& weights, const torch::Tensor&) {
      weights.mul_(torch::mm(v, apart.t()).sub_(along));  // u_i <y_i - D, v>
      spread.addmm_(weights, apart);
      slope.add_(weights.sum(1, /*keepdim=*/true));
    });
    return spread - slope * mean;
  }

  // sum_i u_i |y_i - D|^2, [B], of the distances themselves: a difference of sums of squares would lose what the weights are off by.
  torch::Tensor variance_dense(const Query& query, const Sums& sums) const {
    const auto mean = sums.mean - centre_.on(query.rows.device());
    const auto half_square = mean.square().sum(1, /*keepdim=*/true) / 2;
    auto half = torch::zeros({query.rows.size(0)}, query.rows.options());
    for_each_weighted(query, sums,
                      [&](const torch::Tensor& apart, torch::Tensor& weights, const torch::Tensor& half_squares) {
      const auto distances = (half_squares + half_square).sub_(torch::mm(mean, apart.t())).clamp_min_(0);
      half.add_(weights.mul_(distances).sum(1));
    });
    return 2 * half;
  }

  // The same by differences.
  torch::Tensor variance_near(const Query& query, const Sums& sums) const {
    const auto points = points_.on(query.rows.device());
    const auto all_scores = scores(query, points, half_squares_.on(query.rows.device()));
    const auto mask = selected(all_scores, window(query));
    auto result = torch::empty({query.rows.size(0)}, query.rows.options());
    for (int64_t b = 0; b < query.rows.size(0); ++b) {
      const auto best = points[all_scores[b].argmax().item<int64_t>()].to(torch::kFloat64);
      const auto residual = query.rows[b] - best;
      SoftmaxSum sum(1, 1, query.rows.device());
      for (const auto& part : mask[b].nonzero().squeeze(1).split(kRefinedAtOnce)) {
        const auto values = points.index_select(0, part).to(torch::kFloat64);
        const auto step = values - best;
        sum.add((step * (residual - step / 2)).sum(1).div_(query.variance[b]).unsqueeze(0),
                (values - sums.mean[b]).square().sum(1, /*keepdim=*/true));
      }
      result[b] = sum.mean().squeeze();
    }
    return result;
  }

  // D of all rows, then visit(places, query, sums, whether the dense way) for some of them at a time.
  template <class Visit>
  torch::Tensor for_each_way(const torch::Tensor& rows, const torch::Tensor& variance, const Visit& visit) const {
    const auto wide = rows.to(torch::kFloat64);
    const Sums sums = evaluate(rows, variance, dim());
    const Query all{wide, variance, wide - centre_.on(rows.device()), rows.scalar_type(), dim()};
    const auto dense_rows = choose_dense(all);
    for (const bool is_dense : {true, false}) {
      const auto index = (is_dense ? dense_rows : dense_rows.logical_not()).nonzero().squeeze(1);
      if (index.numel() == 0) continue;
      for (const auto& part : index.split(std::max<int64_t>(1, kScoresAtOnce / count()))) {
        visit(part, all.select(part), Sums{sums.mean.index_select(0, part), sums.log_sum.index_select(0, part), {}},
              is_dense);
      }
    }
    return sums.mean;
  }

  Pullback pull_back_rows(const torch::Tensor& rows, const torch::Tensor& variance,
                          const torch::Tensor& v) const override {
    const auto wide_v = v.to(torch::kFloat64);
    auto product = torch::empty_like(wide_v);
    const auto mean = for_each_way(rows, variance,
                                   [&](const torch::Tensor& part, const Query& some, const Sums& own, bool is_dense) {
      const auto some_v = wide_v.index_select(0, part);
      product.index_copy_(0, part, is_dense ? spread_dense(some, own, some_v) : spread_near(some, own, some_v));
    });
    return {mean, product / variance};
  }

  Traced trace_rows(const torch::Tensor& rows, const torch::Tensor& variance) const override {
    auto spread = torch::empty({rows.size(0)}, variance.options());
    const auto mean = for_each_way(rows, variance,
                                   [&](const torch::Tensor& part, const Query& some, const Sums& own, bool is_dense) {
      spread.index_copy_(0, part, is_dense ? variance_dense(some, own) : variance_near(some, own));
    });
    return {mean, spread / variance.squeeze(1)};
  }

  torch::Tensor log_density_of_rows(const torch::Tensor& rows, double sigma) const override {
    return evaluate(rows, variances(rows, sigma), 0).log_sum - log_constant(sigma);
  }

  static torch::Tensor variances(const torch::Tensor& rows, double sigma) {
    return torch::full({rows.size(0), 1}, std::max(sigma * sigma, kSmallestVariance),
                       torch::dtype(torch::kFloat64).device(rows.device()));
  }
  // log(N (2 pi sigma^2)^(d/2)).
  double log_constant(double sigma) const {
    return std::log(static_cast<double>(count())) +
           static_cast<double>(dim()) / 2 * std::log(2 * std::numbers::pi * sigma * sigma);
  }

  ConstantTensor points_, half_squares_, probe_, probe_half_squares_, centre_;
  double max_norm_, max_half_square_;
};

}  // namespace

std::unique_ptr<AnalyticDenoiser> make_delta(torch::Tensor points, std::vector<int64_t> shape) {
  if (!points.defined() || points.dim() < 2 || points.numel() == 0 ||
      (points.scalar_type() != torch::kFloat32 && points.scalar_type() != torch::kFloat64)) {
    throw usage_error("delta: expected at least one data point, [N, ...shape] float32 or float64");
  }
  points = points.reshape({points.size(0), -1}).contiguous();
  const auto measures = measure(points);
  return std::make_unique<Delta>(std::move(points), std::move(shape), measures);
}

}  // namespace farfield
