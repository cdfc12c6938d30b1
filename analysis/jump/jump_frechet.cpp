#include "analysis/jump/jump_frechet.h"

#include "analysis/quality/frechet.h"
#include "core/interrupts.h"

namespace farfield {
namespace {

constexpr int64_t kDataAtOnce = 64;

// points [levels, B, ...shape] to [B, levels, dim].
torch::Tensor features_along(const FeatureExtractor& extractor, const torch::Tensor& points) {
  Tensors levels;
  for (int64_t n = 0; n < points.size(0); ++n) {
    stop_if_interrupted();
    levels.push_back(extractor(points[n].cpu()));
  }
  return torch::stack(levels, 1).contiguous();
}

// features [n, levels, dim].
std::vector<double> distances_from(const FrechetFactor& data, const torch::Tensor& features) {
  std::vector<double> distances;
  for (int64_t level = 0; level < features.size(1); ++level) {
    stop_if_interrupted();
    distances.push_back(frechet_distance(frechet_factor(features.select(1, level)), data).value);
  }
  return distances;
}

}  // namespace

Arrays jump_features(const FeatureExtractor& extractor, const Path& path) {
  return {{"features_x", features_along(extractor, path.states)},
          {"features_d", features_along(extractor, path.denoised)}};
}

JumpFrechet jump_frechet(const FeatureExtractor& extractor, const Arrays& features,
                         const std::shared_ptr<const DataSource>& data, Comm& comm) {
  const FrechetFactor factor = frechet_factor(extract_features(extractor, SampleSource(data), kDataAtOnce, {}, comm));
  const torch::Tensor& of_states = features.at("features_x");
  return {extractor.contract(), of_states.size(0), data->info().count, distances_from(factor, of_states),
          distances_from(factor, features.at("features_d"))};
}

}  // namespace farfield
