#include "train/noise_distribution.h"

#include <cmath>

#include <fmt/format.h>

#include "core/error.h"
#include "core/limits.h"
#include "core/text.h"
#include "train/require.h"

namespace farfield {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
const std::string kLevelRange = fmt::format("from {} to {}", format_double(limits::kLowestSigma),
                                            format_double(limits::kHighestSigma));

// The probability below `sigma` of a lognormal distribution.
double lognormal_cdf(double sigma, double mean, double std) {
  if (sigma <= 0) return 0;
  return std::isinf(sigma) ? 1 : 0.5 * std::erfc((mean - std::log(sigma)) / (std * std::sqrt(2.0)));
}

NoiseDistribution cut_lognormal(double mean, double std, double sigma_min, double sigma_max) {
  const double below = lognormal_cdf(sigma_min, mean, std), inside = lognormal_cdf(sigma_max, mean, std) - below;
  return {[=](const torch::Tensor& u) { return torch::exp(torch::special_ndtri(u * inside + below) * std + mean); },
          sigma_min, sigma_max};
}

NoiseDistribution lognormal(const NoiseDistributionOptions& options) {
  return cut_lognormal(options.p_mean, options.p_std, options.sigma_min, options.sigma_max);
}

NoiseDistribution range(const NoiseDistributionOptions& options) {
  constexpr double kDeviations = 6;  // from end to end
  const double low = std::log(options.sigma_min), high = std::log(options.sigma_max);
  return cut_lognormal((low + high) / 2, (high - low) / kDeviations, options.sigma_min, options.sigma_max);
}

NoiseDistribution loguniform_between(double sigma_min, double sigma_max) {
  const double low = std::log(sigma_min), width = std::log(sigma_max) - low;
  return {[=](const torch::Tensor& u) { return torch::exp(u * width + low); }, sigma_min, sigma_max};
}

NoiseDistribution loguniform(const NoiseDistributionOptions& options) {
  return loguniform_between(options.sigma_min, options.sigma_max);
}

NoiseDistribution t_uniform(const NoiseDistributionOptions& options) {
  const double low = options.sigma_min, width = options.sigma_max * options.sigma_max - low * low;
  return {[=](const torch::Tensor& u) { return torch::sqrt(u * width + low * low); }, low, options.sigma_max};
}

NoiseDistribution ve(const NoiseDistributionOptions&) { return loguniform_between(0.02, 100); }

NoiseDistribution vp(const NoiseDistributionOptions&) {
  constexpr double kBetaD = 19.9, kBetaMin = 0.1, kFirst = 1e-5;
  const auto sigma_of = [](const torch::Tensor& t) {
    return torch::expm1(t.square() * (0.5 * kBetaD) + t * kBetaMin).sqrt();
  };
  const auto end = [&](double t) { return sigma_of(torch::full({}, t, torch::kFloat64)).item<double>(); };
  return {[=](const torch::Tensor& u) { return sigma_of(u * (1 - kFirst) + kFirst); }, end(kFirst), end(1)};
}

struct DistributionEntry {
  const char* name;
  NoiseDistribution (*make)(const NoiseDistributionOptions&);
  bool has_moments, has_ends;   // takes p_mean and p_std; takes sigma_min and sigma_max
  double sigma_min, sigma_max;  // default ends; one that is 0 or infinite may stay away
};
constexpr DistributionEntry kDistributions[] = {
    {"lognormal", lognormal, true, true, 0, kInfinity},
    {"loguniform", loguniform, false, true, 0.002, 80},
    {"range", range, false, true, 0.002, 80},
    {"t_uniform", t_uniform, false, true, 0, 80},
    {"vp", vp, false, false, 0, kInfinity},
    {"ve", ve, false, false, 0, kInfinity},
};

const DistributionEntry& entry_of(const std::string& name) {
  for (const auto& entry : kDistributions) {
    if (name == entry.name) return entry;
  }
  throw usage_error(unknown_name("noise distribution", name, noise_distribution_names()));
}

void refuse(const Config& loss, const char* key, const std::string& name) {
  if (!loss.has(key)) return;
  throw usage_error(
      fmt::format("{}: loss.{} does not apply to loss.noise = {}; leave it out", loss.where(key), key, name));
}

}  // namespace

std::vector<std::string> noise_distribution_names() {
  std::vector<std::string> names;
  for (const auto& entry : kDistributions) names.emplace_back(entry.name);
  return names;
}

NoiseDistributionOptions NoiseDistributionOptions::from_config(const Config& loss, const std::string& name) {
  NoiseDistributionOptions options;
  options.name = loss.choice("noise", name, noise_distribution_names());
  const DistributionEntry& entry = entry_of(options.name);
  options.sigma_min = entry.sigma_min;
  options.sigma_max = entry.sigma_max;
  if (entry.has_moments) {
    options.p_mean = loss.number("p_mean", options.p_mean);
    options.p_std = loss.number("p_std", options.p_std);
  }
  for (const char* key : {"p_mean", "p_std"}) {
    if (!entry.has_moments) refuse(loss, key, options.name);
  }
  // An end that is not there is not written down: the resolved config must be a config again.
  if (entry.has_ends && (loss.has("sigma_min") || entry.sigma_min > 0)) {
    options.sigma_min = loss.number("sigma_min", entry.sigma_min);
  }
  if (entry.has_ends && (loss.has("sigma_max") || std::isfinite(entry.sigma_max))) {
    options.sigma_max = loss.number("sigma_max", entry.sigma_max);
  }
  for (const char* key : {"sigma_min", "sigma_max"}) {
    if (!entry.has_ends) refuse(loss, key, options.name);
  }
  options.stratified = loss.flag("stratified", options.stratified);
  return options;
}

void NoiseDistributionOptions::validate() const {
  // Levels of exp(p_mean + p_std z) stay numbers of float32, as their squares do, for every z that is drawn.
  constexpr double kHighestMean = 10, kLowestStd = 1e-6, kHighestStd = 4;
  const DistributionEntry& entry = entry_of(name);
  require_option(std::abs(p_mean) <= kHighestMean, "loss.p_mean", p_mean,
                 fmt::format("a number from -{0} to {0}", kHighestMean));
  require_option(p_std >= kLowestStd && p_std <= kHighestStd, "loss.p_std", p_std,
                 fmt::format("above 0, from {} to {}", kLowestStd, kHighestStd));
  if (!entry.has_ends) return;
  const bool may_reach_zero = entry.sigma_min == 0;
  require_option(limits::is_sigma(sigma_min) || (may_reach_zero && sigma_min == 0), "loss.sigma_min", sigma_min,
                 (may_reach_zero ? "0 (no end) or more, " : "above 0, ") + kLevelRange);
  const bool ends = limits::is_sigma(sigma_max) || (std::isinf(entry.sigma_max) && std::isinf(sigma_max));
  require_option(ends && sigma_max > sigma_min, "loss.sigma_max", sigma_max,
                 fmt::format("above loss.sigma_min = {}, {}", format_double(sigma_min), kLevelRange));
  const double inside = lognormal_cdf(sigma_max, p_mean, p_std) - lognormal_cdf(sigma_min, p_mean, p_std);
  require_option(!entry.has_moments || inside > 1e-6, "loss.sigma_min", sigma_min,
                 "ends that the lognormal distribution of loss.p_mean and loss.p_std reaches");
}

NoiseDistribution make_noise_distribution(const NoiseDistributionOptions& options) {
  return entry_of(options.name).make(options);
}

torch::Tensor stratify(const torch::Tensor& u, const torch::Tensor& cell, int64_t cells) {
  constexpr double kLargest = 1 - 0x1p-53;  // what uniform_draws() stays below
  return ((cell.to(torch::kFloat64) + u) / static_cast<double>(cells)).clamp_max(kLargest);
}

}  // namespace farfield
