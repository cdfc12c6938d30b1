#include "analysis/geometry/reconstruction.h"

#include <cmath>

#include "analysis/page/strips.h"
#include "core/error.h"

namespace farfield {
namespace {

constexpr int64_t kPlaces = 8;

// [rows] as factors of [rows, ...].
torch::Tensor beside(const torch::Tensor& factors, const torch::Tensor& rows) {
  return factors.view({-1, 1}).mul(rows.view({1, -1}));
}

}  // namespace

torch::Tensor reconstructed_states(const Path& path, const Arrays& measured, const GeometryOptions& options,
                                   int64_t components) {
  check(components >= 0 && components <= measured.at("component_weights").size(1),
        "reconstructed_states: at most four components");
  const PathScales scales(path.levels, options.space);
  const torch::Tensor scale = torch::tensor(scales.state, torch::kFloat64).view({-1, 1});
  std::vector<int64_t> shape = path.states.sizes().vec();
  shape.insert(shape.begin(), 1 + components);
  torch::Tensor all = torch::empty(shape, torch::kFloat64);
  for (int64_t b = 0; b < path.states.size(1); ++b) {
    const torch::Tensor z = path.states.select(1, b).flatten(1) * scale, end = z[-1], chord = z[0] - end;
    const double length = measured.at("endpoint_distance")[b].item<double>();
    const torch::Tensor along = measured.at("along")[b];
    const torch::Tensor straight = beside(length > 0 ? along / length : along, chord);
    const torch::Tensor rest = z - end - straight;
    const torch::Tensor mean = options.centred ? rest.mean(0) : torch::zeros_like(rest[0]);
    for (int64_t k = 0; k <= components; ++k) {
      torch::Tensor states = end + straight;
      if (k > 0) {
        const torch::Tensor weights = measured.at("component_weights")[b].narrow(0, 0, k);
        states = states + mean + weights.t().matmul(weights.matmul(rest));
      }
      all[k].select(1, b).copy_((states / scale).view_as(path.states.select(1, b)));
    }
  }
  return all;
}

ReconstructionViews view_reconstructions(const Path& path, const GeometryOptions& options, const DenoiseFn& denoise,
                                         torch::Device device) {
  constexpr int64_t kShown = 3;
  const torch::Tensor reconstructed = reconstructed_states(path, measure_geometry(path, options), options, kShown - 1);
  ReconstructionViews views;
  views.places = spread_places(path.denoised.size(0), kPlaces);
  std::vector<torch::Tensor> by_place;
  torch::Tensor squares = torch::zeros({kShown}, torch::kFloat64);
  for (const int64_t n : views.places) {
    const auto at = [&](const torch::Tensor& states) {
      return denoise(states.to(device), path.levels[n]).to(torch::kCPU, torch::kFloat64);
    };
    std::vector<torch::Tensor> rows = {at(path.states[n])};
    for (int64_t k = 0; k < kShown; ++k) {
      rows.push_back(at(reconstructed[k][n]));
      squares[k] += (rows.back() - rows.front()).square().mean();
    }
    by_place.push_back(torch::stack(rows, 1));
  }
  views.denoised = torch::stack(by_place, 2).to(torch::kFloat32);
  for (int64_t k = 0; k < kShown; ++k)
    views.differences.push_back(std::sqrt(squares[k].item<double>() / static_cast<double>(views.places.size())));
  return views;
}

}  // namespace farfield
