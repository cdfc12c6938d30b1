#include "analysis/symmetry/continuation.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "core/progress.h"
#include "models/analytic/analytic.h"

namespace farfield {
namespace {

// Below 0 while the point is stable, and 0 where its sde_eigenvalue() is.
double instability(const FixedPoint& point) { return point.denoiser_eigenvalue - fixed_point_gain(point.sigma); }

// The centre between a stable and an unstable one, to `tolerance` of sigma (the Illinois rule in ln sigma).
FixedPoint refine(const PointDenoiser& denoiser, const FixedPoint& stable, const FixedPoint& unstable,
                  const FixedPointOptions& options) {
  constexpr int kMostRounds = 60;
  const double tolerance = std::max(1e-10, 1e-2 * options.tolerance);
  FixedPoint low = unstable, high = stable, middle = unstable;
  double at_low = instability(low), at_high = instability(high);
  for (int round = 0, side = 0; round < kMostRounds && std::log(high.sigma / low.sigma) > tolerance; ++round) {
    const double way = at_high / (at_high - at_low);  // from high to low
    const double sigma = std::exp(std::log(high.sigma) + way * std::log(low.sigma / high.sigma));
    middle = newton_fixed_point(denoiser, sigma, high.x + way * (low.x - high.x), options);
    add_eigenvalue(denoiser, high.direction, options, middle);
    const double value = instability(middle);
    if (std::fabs(value) <= 1e-13) break;
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

bool are_one(const FixedPoint& a, const FixedPoint& b) {
  return (a.x - b.x).norm().item<double>() <= 1e-3 * (b.x.norm().item<double>() + b.sigma);
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
    if (settled[i].converged && !are_one(settled[i], centre)) sides[i] = settled[i];
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

}  // namespace

Continuation follow_centre(const PointDenoiser& denoiser, const std::vector<double>& levels,
                           const torch::Tensor& start_direction, const FixedPointOptions& options) {
  Continuation path;
  Progress progress("fixed points", static_cast<int64_t>(levels.size()), "levels");
  torch::Tensor x = torch::zeros({denoiser.dim()}, torch::kFloat64), direction = start_direction;
  const torch::Tensor elsewhere = start_direction / start_direction.norm() * 1e-2;
  for (const double sigma : levels) {
    if (path.centre.empty()) x = settled_points(denoiser, sigma, x.unsqueeze(0), options)[0].x;
    FixedPoint point = newton_fixed_point(denoiser, sigma, x, options);
    if (!point.converged) {
      path.lost = sigma;
      break;
    }
    add_eigenvalue(denoiser, direction + elsewhere, options, point);
    x = point.x, direction = point.direction;
    if (!path.centre.empty() && !path.critical && instability(path.centre.back()) < 0 && instability(point) >= 0)
      path.critical = refine(denoiser, path.centre.back(), point, options);
    path.sides.push_back(sides_of(denoiser, point, path.sides.empty() ? Sides() : path.sides.back(), options));
    path.levels.push_back(sigma);
    path.centre.push_back(std::move(point));
    progress.advance();
  }
  path.evaluations = denoiser.evaluations();
  return path;
}

PotentialCurve potential_along(const Denoiser& denoiser, const PointDenoiser& points_of, const FixedPoint& at,
                               double reach, int64_t points) {
  const auto* analytic = dynamic_cast<const AnalyticDenoiser*>(&denoiser);
  if (analytic == nullptr) return integrated_potential(points_of, at, reach, points);
  const torch::Tensor places = places_of(reach, points), x = line_through(at, places);
  std::vector<int64_t> shape = denoiser.info().sample_shape;
  shape.insert(shape.begin(), points);
  const double alpha = 1 / std::hypot(1, at.sigma);
  torch::Tensor density = analytic->log_density(x.view(shape), at.sigma).to(torch::kCPU, torch::kFloat64);
  torch::Tensor square = x.square().sum(1) * (alpha * alpha / 4);
  density = density - density[points / 2];
  square = square - square[points / 2];
  return {at.sigma, numbers_in(places * alpha), numbers_in(-density - square), numbers_in(-density / 2 - square)};
}

PotentialCurve integrated_potential(const PointDenoiser& denoiser, const FixedPoint& at, double reach, int64_t points) {
  const torch::Tensor places = places_of(reach, points), x = line_through(at, places);
  const double alpha = 1 / std::hypot(1, at.sigma), s = at.sigma * alpha;
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
