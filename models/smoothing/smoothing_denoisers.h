#pragma once

#include <memory>
#include <string>
#include <vector>

#include "models/denoiser.h"
#include "models/smoothing/line_data.h"
#include "models/smoothing/line_means.h"

namespace farfield {

// Denoisers of smoothed scores, D = x + sigma^2 s ("On the Interpolation Effect of Score Smoothing", 004; in high dimension
// Scarvelis et al. 2023, "Closed-form diffusion models"). No posterior means of any data: they have no log-density. No gradients
// flow through them, their vector-Jacobian products are closed forms, and symmetric. Sample i is the same in every batch. They
// take no labels and every sigma > 0.

// How far a score is averaged at time t = sigma^2.
struct SmoothingWidth {
  double tau = 0;                  // constant, or with kappa > 0
  double kappa = 0, half_gap = 0;  // half_gap - sqrt(kappa t), 0 from t = half_gap^2 / kappa on
  double at(double t) const;
};

// Of data on a line: the empirical score averaged over [-tau, tau] along the line, exactly; across it the score of one point.
// (Along an axis that is the average over a cube.) `name` as in DenoiserInfo; sample_shape has d elements.
std::unique_ptr<Denoiser> make_smoothed_line(const LineData& line, SmoothingWidth width, std::string name,
                                             std::vector<int64_t> sample_shape);
// The same smoothed along directions: of the averages over [-tau, tau] v, |v| = 1, the one of least norm (004, eq. 37), which
// needs no axes; two dimensions and more. Of the piecewise linear score that is its plain average (004, A.3).
std::unique_ptr<Denoiser> make_directed_line(const LineData& line, SmoothingWidth width, std::string name,
                                             std::vector<int64_t> sample_shape);
// The piecewise linear score of points that stand evenly on a line, averaged likewise, width below half the gap.
std::unique_ptr<Denoiser> make_piecewise_line(const LineData& line, const EvenGrid& grid, SmoothingWidth width,
                                              std::string name, std::vector<int64_t> sample_shape);

// Of any points [N, d] float32 or float64: the mean over M fixed offsets [M, d] float64 of the empirical score at x + offset,
// D = mean of D*(x + offset) - offset. M evaluations of the exact denoiser.
std::unique_ptr<Denoiser> make_smoothed_cloud(const torch::Tensor& points, const torch::Tensor& offsets,
                                              std::string name, const std::vector<int64_t>& sample_shape);
// The same of the piecewise linear score (nearest point - x) / t; where several are nearest, their mean.
std::unique_ptr<Denoiser> make_piecewise_cloud(const torch::Tensor& points, const torch::Tensor& offsets,
                                               std::string name, const std::vector<int64_t>& sample_shape);

// Of points of two numbers [N, 2], smoothed along directions: of the means of D over x + r v at `nodes` midpoints r of
// [-tau, tau] the one nearest to x over unit vectors v, sought among 64 and refined between the best one's neighbours, 64 + 48
// times `nodes` evaluations of the exact denoiser or the nearest point. Where several are nearest (eq. 37 has 0 there) the first.
// No vector-Jacobian products.
std::unique_ptr<Denoiser> make_directed_plane(const torch::Tensor& points, double tau, int64_t nodes, std::string name,
                                              const std::vector<int64_t>& sample_shape);
std::unique_ptr<Denoiser> make_directed_piecewise_plane(const torch::Tensor& points, double tau, int64_t nodes,
                                                        std::string name, const std::vector<int64_t>& sample_shape);

// The grid of points that stand evenly to the rounding of float32 numbers; usage_error naming two that do not.
EvenGrid even_grid(const LineData& line, const std::string& name);

}  // namespace farfield
