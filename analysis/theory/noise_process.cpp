#include "analysis/theory/noise_process.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "core/text.h"
#include "samplers/schedules/vp_time.h"

namespace farfield {
namespace {

constexpr int64_t kDdpmSteps = 1000;
constexpr double kBetaD = 19.9, kBetaMin = 0.1;

NoiseProcess ve_process(const std::vector<double>& levels, int64_t points) {
  const double high = levels.front(), low = levels.back() > 0 ? levels.back() : levels[levels.size() - 2];
  NoiseProcess process{"ve", {}};
  for (int64_t i = 0; i < points && low < high; ++i) {
    const double way = static_cast<double>(i) / static_cast<double>(points - 1);
    const double sigma = i == 0            ? high
                         : i == points - 1 ? low
                                           : std::exp((1 - way) * std::log(high) + way * std::log(low));
    process.points.push_back({sigma, ve_scale(sigma), 0});
  }
  if (process.points.empty()) process.points.push_back({high, ve_scale(high), 0});
  process.points.push_back({0, ve_scale(0), 0});
  return process;
}

NoiseProcess vp_process(int64_t points) {
  const VpTime time = VpTime::from_betas(kBetaD, kBetaMin);
  NoiseProcess process{"vp", {}};
  for (int64_t i = 0; i < points; ++i) {
    const double t = 1 - static_cast<double>(i) / static_cast<double>(points - 1);
    const NoiseScale scale = t > 0 ? vp_scale(time.sigma(t)) : NoiseScale{1, 0};
    process.points.push_back({t, scale, -0.5 * (kBetaD * t + kBetaMin) * scale.alpha});
  }
  return process;
}

NoiseProcess ddpm_process(int64_t points) {
  const std::vector<NoiseScale> scales = ddpm_scales();
  const auto slope = [&](int64_t j) {
    const int64_t before = std::max<int64_t>(j - 1, 0), after = std::min(j + 1, kDdpmSteps - 1);
    return (scales[after].alpha - scales[before].alpha) / static_cast<double>(after - before);
  };
  NoiseProcess process{"ddpm", {}};
  const int64_t stride = std::max<int64_t>(1, (kDdpmSteps - 1) / (points - 1));
  for (int64_t j = kDdpmSteps - 1; j > 0; j -= stride) {
    process.points.push_back({static_cast<double>(j), scales[j], slope(j)});
  }
  process.points.push_back({0, scales[0], slope(0)});
  return process;
}

}  // namespace

NoiseScale ve_scale(double sigma) { return {1, sigma}; }

NoiseScale vp_scale(double sigma) {
  const double length = std::hypot(1, sigma);
  return {1 / length, sigma / length};
}

std::vector<NoiseScale> ddpm_scales() {
  std::vector<NoiseScale> scales;
  double signal = 1;
  for (int64_t j = 0; j < kDdpmSteps; ++j) {
    signal *= 1 - (1e-4 + (0.02 - 1e-4) * static_cast<double>(j) / static_cast<double>(kDdpmSteps - 1));
    scales.push_back({std::sqrt(signal), std::sqrt(1 - signal)});
  }
  return scales;
}

const std::vector<std::string>& process_names() {
  static const std::vector<std::string> names = {"ve", "vp", "ddpm"};
  return names;
}

NoiseProcess noise_process(const std::string& name, const std::vector<double>& levels, int64_t points) {
  check(points >= 2 && levels.size() >= 2, "noise_process: at least two points and levels");
  if (name == "ve") return ve_process(levels, points);
  if (name == "vp") return vp_process(points);
  if (name == "ddpm") return ddpm_process(points);
  throw usage_error(unknown_name("process", name, process_names()));
}

}  // namespace farfield
