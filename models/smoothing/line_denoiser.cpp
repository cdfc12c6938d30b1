#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include <ATen/Parallel.h>
#include <fmt/format.h>

#include "core/error.h"
#include "models/smoothing/smoothing_denoisers.h"

namespace farfield {
namespace {

using torch::Tensor;
using MeanOnLine = std::function<LineMean(double z, double t)>;

constexpr double kLowestTime = 1e-300;  // sigma^2 may underflow

class LineDenoiser final : public Denoiser {
 public:
  LineDenoiser(LineData line, MeanOnLine mean, std::string kind, std::string name, std::vector<int64_t> sample_shape)
      : line_(std::move(line)), mean_(std::move(mean)) {
    info_.kind = std::move(kind);
    info_.name = std::move(name);
    info_.sample_shape = std::move(sample_shape);
    info_.sigma_data = spread();
  }

  const DenoiserInfo& info() const override { return info_; }

 private:
  // Standard deviation of a coordinate.
  double spread() const {
    double count = 0, sum = 0, squares = 0;
    for (size_t k = 0; k < line_.points.size(); ++k) {
      const double from_first = line_.points[k] - line_.points[0];
      count += line_.counts[k], sum += line_.counts[k] * from_first;
      squares += line_.counts[k] * from_first * from_first;
    }
    const double variance = std::max(squares / count - sum * sum / (count * count), 0.0);
    return std::sqrt(variance / static_cast<double>(line_.origin.numel()));
  }

  struct Rows {
    Tensor places, slopes;  // [B, 1] float64: D along the line, and its slope
  };
  Rows evaluate(const Tensor& rows, const Tensor& sigma) const {
    const Tensor z = project(line_, rows).contiguous(), level = sigma.to(torch::kCPU, torch::kFloat64).contiguous();
    Rows result{torch::empty({z.numel(), 1}, torch::kFloat64), torch::empty({z.numel(), 1}, torch::kFloat64)};
    double *places = result.places.mutable_data_ptr<double>(), *slopes = result.slopes.mutable_data_ptr<double>();
    at::parallel_for(0, z.numel(), 16, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const double s = level.const_data_ptr<double>()[i], t = std::max(s * s, kLowestTime);
        const LineMean mean = mean_(z.const_data_ptr<double>()[i], t);
        places[i] = mean.denoised, slopes[i] = mean.slope;
      }
    });
    return result;
  }

  static Tensor rows_of(const Tensor& x) {
    return x.detach().to(torch::kCPU, torch::kFloat64).reshape({x.size(0), -1}).contiguous();
  }
  static Tensor like(const Tensor& x, const Tensor& rows) {
    return rows.to(x.device(), x.scalar_type()).reshape(x.sizes());
  }

  Tensor denoise(const Tensor& x, const Tensor& sigma, const Tensor&) const override {
    return like(x, line_.origin + evaluate(rows_of(x), sigma).places * line_.direction);
  }
  Linearised linearise(const Tensor& x, const Tensor& sigma, const Tensor& labels) const override {
    return by_pull_back(x, sigma, labels);
  }
  Pullback pull_back(const Tensor& x, const Tensor& sigma, const Tensor&, const Tensor& v) const override {
    const Rows mean = evaluate(rows_of(x), sigma);
    const Tensor along = (rows_of(v) * line_.direction).sum(1, /*keepdim=*/true);
    return {like(x, line_.origin + mean.places * line_.direction), like(x, mean.slopes * along * line_.direction)};
  }

  LineData line_;
  MeanOnLine mean_;
  DenoiserInfo info_;
};

}  // namespace

double SmoothingWidth::at(double t) const { return kappa > 0 ? std::max(half_gap - std::sqrt(kappa * t), 0.0) : tau; }

EvenGrid even_grid(const LineData& line, const std::string& name) {
  const auto count = static_cast<int64_t>(line.points.size());
  const EvenGrid grid{line.points.front(), line.points.back(), count};
  const double largest = std::max(std::abs(grid.first), std::abs(grid.last)) + line.origin.abs().max().item<double>();
  const double allowed = 4 * std::numeric_limits<float>::epsilon() * largest;
  for (size_t k = 0; k + 1 < line.points.size(); ++k) {
    const double gap = line.points[k + 1] - line.points[k];
    if (std::abs(grid.first + 2 * grid.half_gap() * static_cast<double>(k) - line.points[k]) <= allowed) continue;
    throw usage_error(fmt::format(
        "{}: points of the data are {} and {} apart, expected evenly spaced points; the empirical score takes any: "
        "smoothed with tau=",
        name, gap, 2 * grid.half_gap()));
  }
  return grid;
}

std::unique_ptr<Denoiser> make_smoothed_line(const LineData& line, SmoothingWidth width, std::string name,
                                             std::vector<int64_t> sample_shape) {
  const LineMeans means(line.points, line.counts);
  return std::make_unique<LineDenoiser>(line, [means, width](double z, double t) {
    return means.smoothed(z, t, width.at(t));
  }, "smoothed", std::move(name), std::move(sample_shape));
}

std::unique_ptr<Denoiser> make_directed_line(const LineData& line, SmoothingWidth width, std::string name,
                                             std::vector<int64_t> sample_shape) {
  const LineMeans means(line.points, line.counts);
  return std::make_unique<LineDenoiser>(line, [means, width](double z, double t) {
    return means.least_smoothed(z, t, width.at(t));
  }, "smoothed", std::move(name), std::move(sample_shape));
}

std::unique_ptr<Denoiser> make_piecewise_line(const LineData& line, const EvenGrid& grid, SmoothingWidth width,
                                              std::string name, std::vector<int64_t> sample_shape) {
  if (grid.points > 1 && width.tau >= grid.half_gap()) {
    throw usage_error(fmt::format("{}: tau is {}, expected below half the gap between the points, {}", name, width.tau,
                                  grid.half_gap()));
  }
  return std::make_unique<LineDenoiser>(line, [grid, width](double z, double t) {
    return piecewise_mean(grid, z, width.at(t));
  }, "piecewise", std::move(name), std::move(sample_shape));
}

}  // namespace farfield
