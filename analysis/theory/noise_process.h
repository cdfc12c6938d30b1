#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace farfield {

// A moment of a diffusion x = alpha y + s n: signal and noise scale. Variance exploding: alpha = 1, s = sigma; variance
// preserving: alpha^2 + s^2 = 1. The one is the other at noise level s / alpha, its states divided by alpha.
struct NoiseScale {
  double alpha = 1, s = 0;
  double sigma() const { return s / alpha; }
};
NoiseScale ve_scale(double sigma);
NoiseScale vp_scale(double sigma);  // alpha = 1 / sqrt(1 + sigma^2), s = sigma alpha

// Of the 1000 steps of DDPM (Ho et al. 2020): beta_j linear from 1e-4 to 0.02, alpha_j^2 = the product of 1 - beta_i over
// i <= j, as `alphas_cumprod` of public code holds it.
std::vector<NoiseScale> ddpm_scales();

// The processes whose theory is drawn: ve, vp (beta_d = 19.9, beta_min = 0.1) and ddpm (of ddpm_scales()).
const std::vector<std::string>& process_names();

// A process from noise to data. `time` is sigma (ve), t from 1 on down (vp), or the step from 999 on down (ddpm).
struct ProcessPoint {
  double time;
  NoiseScale scale;
  double slope;  // d alpha / d time: 0 in ve, by central differences of the table in ddpm
};
struct NoiseProcess {
  std::string name;
  std::vector<ProcessPoint> points;
  const NoiseScale& start() const { return points.front().scale; }
  bool exploding() const { return name == "ve"; }
};

// ve: `points` levels from the first of `levels` to the last above 0, uniform in ln sigma, and sigma = 0; vp: uniform in t
// from 1 to 0; ddpm: the steps of its table, about `points` of them, first and last included. usage_error with the nearest
// name for an unknown one.
NoiseProcess noise_process(const std::string& name, const std::vector<double>& levels, int64_t points);

}  // namespace farfield
