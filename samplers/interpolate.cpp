#include "samplers/interpolate.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include <fmt/format.h>

#include "core/error.h"
#include "core/text.h"

namespace farfield {
namespace {

// Between z0 and z1 at t; of one sample, so that the angle is theirs.
using Blend = torch::Tensor (*)(const torch::Tensor& z0, const torch::Tensor& z1, double t);

torch::Tensor linear(const torch::Tensor& z0, const torch::Tensor& z1, double t) { return z0 * (1 - t) + z1 * t; }

torch::Tensor spherical(const torch::Tensor& z0, const torch::Tensor& z1, double t) {
  constexpr double kParallel = 1e-6;
  const double norms = z0.norm().item<double>() * z1.norm().item<double>();
  const double cosine = std::clamp((z0 * z1).sum().item<double>() / norms, -1.0, 1.0), angle = std::acos(cosine);
  if (angle < kParallel) return linear(z0, z1, t);
  if (!(std::numbers::pi - angle > kParallel)) {
    throw usage_error(
        "interpolate: two corners are opposite or zero, so that no great circle between them is the "
        "shortest; use --mode indist");
  }
  return (z0 * std::sin((1 - t) * angle) + z1 * std::sin(t * angle)) / std::sin(angle);
}

// z0 and z1 with the weight l of z1, their variances adding up to 1.
torch::Tensor in_distribution(const torch::Tensor& z0, const torch::Tensor& z1, double l) {
  return z0 * std::sqrt((1 - l) * (1 + l)) + z1 * l;
}

torch::Tensor uniform(const torch::Tensor& z0, const torch::Tensor& z1, double t) {
  return in_distribution(z0, z1, interpolation_weight("uniform", t));
}

torch::Tensor sine(const torch::Tensor& z0, const torch::Tensor& z1, double t) {
  return in_distribution(z0, z1, interpolation_weight("sine", t));
}

// sqrt(sum of squared weights) of a product of edges is the product of theirs, so edge by edge is the n-linear formula.
torch::Tensor indist(const torch::Tensor& z0, const torch::Tensor& z1, double t) {
  return linear(z0, z1, t) / std::hypot(1 - t, t);
}

struct Mode {
  std::string name;
  Blend blend;
};

const std::vector<Mode>& modes() {
  static const std::vector<Mode> modes = {{"linear", linear}, {"spherical", spherical}, {"indist", indist}};
  return modes;
}

struct Weight {
  std::string name;
  double (*at)(double t);
  Blend blend;  // nlinear keeps the form that carries over to four corners exactly
};

const std::vector<Weight>& weights() {
  static const std::vector<Weight> weights = {
      {"nlinear", [](double t) { return t / std::hypot(t, 1 - t); }, indist},
      {"uniform", [](double t) { return t; }, uniform},
      {"sine", [](double t) { return std::sin(t * std::numbers::pi / 2); }, sine}};
  return weights;
}

const Weight& weight_of(const std::string& name) {
  for (const auto& weight : weights()) {
    if (weight.name == name) return weight;
  }
  throw usage_error(unknown_name("weight", name, interpolation_weights()));
}

Blend blend_of(const InterpolateOptions& options) {
  for (const auto& mode : modes()) {
    if (mode.name != options.mode) continue;
    if (!options.weight) return mode.blend;
    if (mode.blend == indist) return weight_of(*options.weight).blend;
    throw usage_error(
        fmt::format("interpolate: mode {} has no --weight; leave it out, or use --mode indist", mode.name));
  }
  throw usage_error(unknown_name("interpolation mode", options.mode, interpolation_modes()));
}

torch::Tensor strip(const torch::Tensor& z0, const torch::Tensor& z1, const InterpolateOptions& options) {
  const Blend blend = blend_of(options);
  std::vector<torch::Tensor> frames = {z0};
  for (int64_t j = 1; j + 1 < options.frames; ++j) {
    frames.push_back(blend(z0, z1, static_cast<double>(j) / static_cast<double>(options.frames - 1)));
  }
  frames.push_back(z1);
  return torch::stack(frames);
}

}  // namespace

void InterpolateOptions::validate() const {
  blend_of(*this);
  if (frames < 2 || frames > 1000)
    throw usage_error(fmt::format("interpolate: frames is {}, expected 2 to 1000", frames));
}

const std::vector<std::string>& interpolation_modes() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> list;
    for (const auto& mode : modes()) list.push_back(mode.name);
    return list;
  }();
  return names;
}

const std::vector<std::string>& interpolation_weights() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> list;
    for (const auto& weight : weights()) list.push_back(weight.name);
    return list;
  }();
  return names;
}

double interpolation_weight(const std::string& weight, double t) { return weight_of(weight).at(t); }

void check_corners(int64_t count) {
  if (count == 2 || count == 4) return;
  throw usage_error(fmt::format("interpolate: got {} corners, expected 2 (a strip) or 4 (a grid)", count));
}

torch::Tensor interpolate(const torch::Tensor& corners, const InterpolateOptions& options) {
  options.validate();
  const int64_t count = corners.dim() > 0 ? corners.size(0) : 0;
  check_corners(count);
  const auto z = corners.to(torch::kFloat64);
  if (count == 2) return strip(z[0], z[1], options);
  const auto top = strip(z[0], z[1], options), bottom = strip(z[2], z[3], options);
  std::vector<torch::Tensor> columns;
  for (int64_t j = 0; j < options.frames; ++j) columns.push_back(strip(top[j], bottom[j], options));
  return torch::stack(columns, 1).flatten(0, 1);
}

}  // namespace farfield
