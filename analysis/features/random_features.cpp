#include "analysis/features/random_features.h"

#include <cmath>

#include "core/math/random.h"

namespace farfield {
namespace {

constexpr uint64_t kRandomFeatureStream = 0x66656174757265;  // "feature"

torch::Tensor layer_weights(uint64_t layer, int64_t out, int64_t in) {
  torch::Tensor weights = torch::empty({out, in, 3, 3}, torch::kFloat64);
  fill_normal(mix_key({kRandomFeatureStream, layer}), weights.data_ptr<double>(), weights.numel());
  return (weights * std::sqrt(2.0 / (9.0 * static_cast<double>(in)))).to(torch::kFloat32);
}

}  // namespace

RandomConvolutions::RandomConvolutions(int64_t channels) {
  int64_t in = channels;
  for (const int64_t out : {int64_t{32}, int64_t{64}, kRandomFeatures}) {
    weights_.push_back(layer_weights(weights_.size(), out, in));
    in = out;
  }
}

torch::Tensor RandomConvolutions::operator()(const torch::Tensor& images) const {
  torch::Tensor maps = images.to(torch::kFloat32);
  for (const torch::Tensor& weights : weights_) maps = torch::conv2d(maps, weights, {}, 2, 1).relu_();
  return maps.mean({2, 3});
}

}  // namespace farfield
