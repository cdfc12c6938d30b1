#include "analysis/symmetry/continuation.h"

#include <algorithm>
#include <cmath>

#include "analysis/paths/path.h"
#include "core/error.h"
#include "core/progress.h"
#include "models/analytic/analytic.h"

namespace farfield {
namespace {

// The centre between a stable and an unstable one, to `options.end` of sigma (the Illinois rule in ln sigma).
FixedPoint refine(const PointDenoiser& denoiser, const FixedPoint& stable, const FixedPoint& unstable,
                  const FixedPointOptions& options) {
  constexpr int kMostRounds = 60;
  constexpr double kRounding = 1e-12;
  FixedPoint low = unstable, high = stable, middle = unstable;
  double at_low = low.instability(), at_high = high.instability();
  for (int round = 0, side = 0; round < kMostRounds && std::log(high.sigma / low.sigma) > options.end; ++round) {
    const double way = at_high / (at_high - at_low);  // from high to low
    const double sigma = std::exp(std::log(high.sigma) + way * std::log(low.sigma / high.sigma));
    const double before = middle.sigma;
    middle = newton_fixed_point(denoiser, sigma, high.x + way * (low.x - high.x), options);
    add_eigenvalue(denoiser, high.direction, options, middle);
    const double value = middle.instability();
    if (std::fabs(value) <= kRounding || std::fabs(std::log(middle.sigma / before)) < options.end / 10) break;
    if (value > 0) {
      low = middle, at_low = value;
      if (side == 1) at_high /= 2;
      side = 1;
    } else {
      high = middle, at_high = value;
      if (side == -1) at_low /= 2;
      side = -1;
    }
  }
  return middle;
}

double size_of(const FixedPoint& point) {
  return point.x.norm().item<double>() + point.sigma / std::hypot(1, point.sigma);
}

// A step down to `sigma`, in as many parts as it needs. Where the branch ends on the way `point` is the last of it.
struct StepDown {
  FixedPoint point;
  bool ends = false;
};
StepDown step_down(const PointDenoiser& denoiser, FixedPoint at, double sigma, const FixedPointOptions& options) {
  constexpr double kFar = 0.3;  // of the point's size: a step that long is one to another branch
  double target = sigma;
  while (at.sigma > sigma) {
    FixedPoint next = newton_fixed_point(denoiser, target, at.x, options);
    if (next.converged && (next.x - at.x).norm().item<double>() <= kFar * size_of(at)) {
      next.direction = at.direction;
      at = std::move(next);
      target = sigma;
    } else if (std::log(at.sigma / target) < options.end) {
      return {std::move(at), true};
    } else {
      target = std::sqrt(at.sigma * target);
    }
  }
  return {std::move(at), false};
}

bool are_one(const FixedPoint& a, const FixedPoint& b, const FixedPointOptions& options) {
  return (a.x - b.x).norm().item<double>() <= std::max(1e-3, 30 * options.tolerance) * size_of(b);
}

using Sides = std::array<std::optional<FixedPoint>, 2>;

Sides sides_of(const PointDenoiser& denoiser, const FixedPoint& centre, const Sides& before,
               const FixedPointOptions& options) {
  const double reach = 2 * centre.sigma * std::sqrt(std::max(centre.denoiser_eigenvalue, 0.0));
  const torch::Tensor plus = before[0] ? before[0]->x : centre.x + reach * centre.direction;
  const torch::Tensor minus = before[1] ? before[1]->x : centre.x - reach * centre.direction;
  const auto settled = settled_points(denoiser, centre.sigma, torch::stack({plus, minus}), options);
  Sides sides;
  for (size_t i = 0; i < 2; ++i) {
    if (settled[i].converged && !are_one(settled[i], centre, options)) sides[i] = settled[i];
  }
  return sides;
}

std::vector<double> numbers_in(const torch::Tensor& values) {
  const torch::Tensor plain = values.to(torch::kCPU, torch::kFloat64).contiguous();
  return {plain.const_data_ptr<double>(), plain.const_data_ptr<double>() + plain.numel()};
}

// x + y u for every place y, [points, d].
torch::Tensor line_through(const FixedPoint& at, const torch::Tensor& places) {
  return at.x.unsqueeze(0) + places.unsqueeze(1) * at.direction.unsqueeze(0);
}

torch::Tensor places_of(double reach, int64_t points) {
  check(points >= 3 && points % 2 == 1, "potential_along: an odd number of points");
  return torch::linspace(-reach, reach, points, torch::kFloat64);
}

// What follows a centre down the levels, one after the other.
class Follower {
 public:
  Follower(const PointDenoiser& denoiser, torch::Tensor start_direction, const FixedPointOptions& options)
      : denoiser_(denoiser), options_(options), start_direction_(start_direction / start_direction.norm()) {}

  // False when no fixed point was found.
  bool go_to(double sigma) {
    FixedPoint point;
    if (path_.centre.empty()) {
      const torch::Tensor from = torch::zeros({1, denoiser_.dim()}, torch::kFloat64);
      point = settled_points(denoiser_, sigma, from, options_)[0];
      point.direction = start_direction_;
    } else {
      point = next_of(path_.centre.back(), sigma);
    }
    if (!point.converged) {
      path_.lost = sigma;
      return false;
    }
    keep(std::move(point));
    return true;
  }
  Continuation end() {
    path_.evaluations = denoiser_.evaluations();
    return std::move(path_);
  }

 private:
  FixedPoint next_of(const FixedPoint& last, double sigma) {
    StepDown step = step_down(denoiser_, last, sigma, options_);
    if (!step.ends) return std::move(step.point);
    FixedPoint drawn_to = settled_points(denoiser_, sigma, step.point.x.unsqueeze(0), options_)[0];
    drawn_to.direction = step.point.direction;
    if (!drawn_to.converged) return drawn_to;
    path_.folds.push_back(step.point.sigma);
    if (!path_.critical) {
      with_eigenvalue(step.point);
      path_.critical = step.point;
      path_.ends = true;
    }
    return drawn_to;
  }
  // A part of the first direction keeps what a symmetry would hide within sight.
  void with_eigenvalue(FixedPoint& point) const {
    add_eigenvalue(denoiser_, point.direction + 1e-2 * start_direction_, options_, point);
  }
  void keep(FixedPoint point) {
    with_eigenvalue(point);
    if (!path_.centre.empty() && !path_.critical && path_.centre.back().instability() < 0 && point.instability() >= 0)
      path_.critical = refine(denoiser_, path_.centre.back(), point, options_);
    is_soft_ = is_soft_ || point.denoiser_eigenvalue > 0.5 * fixed_point_gain(point.sigma);
    const Sides before = path_.sides.empty() ? Sides() : path_.sides.back();
    path_.sides.push_back(is_soft_ ? sides_of(denoiser_, point, before, options_) : Sides());
    path_.levels.push_back(point.sigma);
    path_.centre.push_back(std::move(point));
  }

  const PointDenoiser& denoiser_;
  const FixedPointOptions& options_;
  torch::Tensor start_direction_;
  bool is_soft_ = false;
  Continuation path_;
};

}  // namespace

Continuation follow_centre(const PointDenoiser& denoiser, const std::vector<double>& levels,
                           const torch::Tensor& start_direction, const FixedPointOptions& options) {
  Progress progress("fixed points", static_cast<int64_t>(levels.size()), "levels");
  Follower follower(denoiser, start_direction, options);
  for (const double sigma : levels) {
    if (!follower.go_to(sigma)) break;
    progress.advance();
  }
  return follower.end();
}

PotentialCurve potential_along(const Denoiser& denoiser, const PointDenoiser& points_of, const FixedPoint& at,
                               double reach, int64_t points) {
  const auto* analytic = dynamic_cast<const AnalyticDenoiser*>(&denoiser);
  if (analytic == nullptr) return integrated_potential(points_of, at, reach, points);
  const torch::Tensor places = places_of(reach, points), x = line_through(at, places);
  std::vector<int64_t> shape = denoiser.info().sample_shape;
  shape.insert(shape.begin(), points);
  const double alpha = vp_alpha(at.sigma);
  torch::Tensor density = analytic->log_density(x.view(shape), at.sigma).to(torch::kCPU, torch::kFloat64);
  torch::Tensor square = x.square().sum(1) * (alpha * alpha / 4);
  density = density - density[points / 2];
  square = square - square[points / 2];
  return {at.sigma, numbers_in(places * alpha), numbers_in(-density - square), numbers_in(-density / 2 - square)};
}

PotentialCurve integrated_potential(const PointDenoiser& denoiser, const FixedPoint& at, double reach, int64_t points) {
  const torch::Tensor places = places_of(reach, points), x = line_through(at, places);
  const double alpha = vp_alpha(at.sigma), s = at.sigma * alpha;
  const torch::Tensor denoised = denoiser.rows(x, at.sigma);
  const torch::Tensor score = (alpha * (denoised - x)).matmul(at.direction) / (s * s);
  const torch::Tensor linear = (alpha * x).matmul(at.direction) / 2;
  const std::vector<double> slope = numbers_in(-linear - score), slope_ode = numbers_in(-linear - score / 2);
  PotentialCurve curve{at.sigma, numbers_in(places * alpha), {}, {}};
  const double step = curve.position[1] - curve.position[0];
  const auto integrated = [&](const std::vector<double>& slopes) {
    std::vector<double> sums(slopes.size(), 0);
    for (size_t i = 1; i < slopes.size(); ++i) sums[i] = sums[i - 1] + step * (slopes[i - 1] + slopes[i]) / 2;
    const double centre = sums[sums.size() / 2];
    for (double& sum : sums) sum -= centre;
    return sums;
  };
  curve.sde = integrated(slope);
  curve.ode = integrated(slope_ode);
  return curve;
}

}  // namespace farfield
