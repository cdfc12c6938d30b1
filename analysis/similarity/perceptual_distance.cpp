#include "analysis/similarity/perceptual_distance.h"

#include <fmt/format.h>

#include "core/error.h"
#include "core/io/npz_reader.h"

namespace farfield {
namespace {

using torch::Tensor;

constexpr int64_t kUsualSide = 224;     // pixels, of a network that resizes nothing itself
constexpr double kShortestMap = 1e-10;  // added to lengths, as in LPIPS

FeatureRequest perceptual_request(const std::string& features) {
  FeatureRequest request = parse_features(features);
  if (request.kind != FeatureRequest::Kind::kNetwork)
    throw usage_error(fmt::format("features '{}': a perceptual distance needs a network, NET.pt", features));
  return request;
}

NetworkForm perceptual_form(const FeatureRequest& request, bool resize) {
  NetworkForm form = network_form(request);
  FeatureContract& contract = form.contract;
  if (!resize) {
    contract.resize = "none";
    contract.size = 0;
    contract.rounding = "";
  } else if (contract.resize == "none") {
    contract.resize = "bicubic";
    contract.size = kUsualSide;
    contract.rounding = contract.dtype == "uint8" ? "bytes" : "none";
  }
  return form;
}

std::vector<Tensor> read_weights(const std::filesystem::path& path) {
  std::vector<Tensor> weights;
  if (path.empty()) return weights;
  const NpzReader reader(path);
  for (size_t map = 0; reader.has(std::to_string(map)); ++map) {
    const Tensor one = reader.numbers(std::to_string(map)).to(torch::kFloat64).flatten();
    if (!one.isfinite().all().item<bool>() || (one < 0).any().item<bool>())
      throw bad_file(reader.where(std::to_string(map)), "weights must be finite and at least 0");
    weights.push_back(one);
  }
  if (weights.empty()) throw bad_file(path.string(), "expected weights, an array [C] a map, '0', '1', ...");
  return weights;
}

// [B, C, positions] float64, of length 1 over C where asked.
Tensor brought(const Tensor& map, bool normalise) {
  const Tensor values = (map.dim() == 2 ? map.unsqueeze(2) : map.flatten(2)).to(torch::kFloat64);
  if (!normalise) return values;
  return values / (values.square().sum(1, /*keepdim=*/true).sqrt() + kShortestMap);
}

}  // namespace

PerceptualDistance::PerceptualDistance(const std::string& features, const std::vector<int64_t>& shape, bool resize,
                                       bool trust, torch::Device device)
    : network_(perceptual_request(features), perceptual_form(perceptual_request(features), resize), shape, trust,
               device),
      weights_(read_weights(network_.form().weights)) {}

Tensor PerceptualDistance::share(const Tensor& a, const Tensor& b, size_t map) const {
  const bool normalise = network_.form().normalise;
  Tensor squares = (brought(a, normalise) - brought(b, normalise)).square_();
  if (!weights_.empty()) {
    const Tensor& weights = weights_[map];
    if (weights.numel() != squares.size(1))
      throw bad_file(network_.form().weights.string(),
                     fmt::format("map {} has {} channels, but {} weights", map, squares.size(1), weights.numel()));
    squares = squares * weights.view({1, -1, 1});
  }
  return squares.sum(1).mean(1);
}

Tensor PerceptualDistance::operator()(const Tensor& a, const Tensor& b) const {
  const ScriptOutputs of_a = network_.outputs(a), of_b = network_.outputs(b);
  if (!weights_.empty() && weights_.size() != of_a.tensors.size())
    throw bad_file(network_.form().weights.string(),
                   fmt::format("has weights of {} maps, the network returns {}", weights_.size(), of_a.tensors.size()));
  std::vector<Tensor> shares;
  for (size_t map = 0; map < of_a.tensors.size(); ++map)
    shares.push_back(share(of_a.tensors[map], of_b.tensors[map], map));
  return torch::stack(shares, 1);
}

}  // namespace farfield
