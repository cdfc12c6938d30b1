#include <algorithm>

#include <fmt/format.h>

#include "analysis/features/feature_input.h"
#include "analysis/features/feature_network.h"
#include "analysis/features/feature_request.h"
#include "analysis/features/features.h"
#include "analysis/features/principal_features.h"
#include "analysis/features/random_features.h"
#include "core/error.h"
#include "core/text.h"
#include "models/imports/module_call.h"

namespace farfield {
namespace {

using torch::Tensor;

constexpr int64_t kBlocksASide = 8;

// A formula and what it is called.
class FormulaFeatures : public FeatureExtractor {
 public:
  FormulaFeatures(const FeatureRequest& request, int64_t dim) {
    contract_.name = request.name;
    contract_.dim = dim;
    contract_.quantised = request.quantise;
  }
  const FeatureContract& contract() const override { return contract_; }

 protected:
  Tensor seen(const Tensor& samples) const { return as_seen(samples, contract_.quantised); }

 private:
  FeatureContract contract_;
};

class PixelFeatures final : public FormulaFeatures {
 public:
  PixelFeatures(const FeatureRequest& request, const std::vector<int64_t>& shape)
      : FormulaFeatures(request, c10::multiply_integers(shape)) {}
  Tensor operator()(const Tensor& samples) const override { return seen(samples).flatten(1); }
};

class BlockFeatures final : public FormulaFeatures {
 public:
  BlockFeatures(const FeatureRequest& request, const std::vector<int64_t>& shape)
      : FormulaFeatures(request, shape[0] * kBlocksASide * kBlocksASide) {}
  Tensor operator()(const Tensor& samples) const override {
    return torch::adaptive_avg_pool2d(seen(samples), {kBlocksASide, kBlocksASide}).flatten(1);
  }
};

class RandomFeatures final : public FormulaFeatures {
 public:
  RandomFeatures(const FeatureRequest& request, const std::vector<int64_t>& shape)
      : FormulaFeatures(request, kRandomFeatures), convolutions_(shape[0]) {}
  Tensor operator()(const Tensor& samples) const override { return convolutions_(seen(samples)); }

 private:
  RandomConvolutions convolutions_;
};

class PrincipalFeatures final : public FeatureExtractor {
 public:
  PrincipalFeatures(const FeatureRequest& request, const DataSource& reference)
      : basis_(principal_basis(reference, request.rank, request.quantise)) {
    contract_.name = request.name;
    contract_.dim = request.rank;
    contract_.quantised = request.quantise;
    contract_.sha256 = basis_.sha256;
  }
  const FeatureContract& contract() const override { return contract_; }
  Tensor operator()(const Tensor& samples) const override {
    const Tensor rows = as_seen(samples, contract_.quantised).flatten(1).to(torch::kFloat64);
    return torch::matmul(rows - basis_.mean, basis_.vectors);
  }

 private:
  PrincipalBasis basis_;
  FeatureContract contract_;
};

class NetworkFeatures final : public FeatureExtractor {
 public:
  NetworkFeatures(FeatureNetwork network, const std::vector<int64_t>& shape) : network_(std::move(network)) {
    std::vector<int64_t> one = shape;
    one.insert(one.begin(), 1);
    network_.set_dim((*this)(torch::zeros(one)).size(1));
  }
  const FeatureContract& contract() const override { return network_.form().contract; }
  Tensor operator()(const Tensor& samples) const override {
    const Tensor features = network_.chosen(network_.outputs(samples));
    const int64_t dim = contract().dim;
    if (features.dim() == 2 && (dim == 0 || features.size(1) == dim)) return features;
    throw bad_file(network_.path().string(),
                   fmt::format("the network returns {} for {} images, expected {}", shape_text(features.sizes()),
                               samples.size(0), dim == 0 ? "[images, numbers]" : shape_text({samples.size(0), dim})));
  }

 private:
  FeatureNetwork network_;
};

void require_image(const FeatureRequest& request, const std::vector<int64_t>& shape) {
  if (shape.size() == 3 && shape[1] >= kBlocksASide && shape[2] >= kBlocksASide) return;
  throw usage_error(fmt::format("features '{}' need images of {} x {} pixels or more; samples are [{}]", request.name,
                                kBlocksASide, kBlocksASide, join(shape, ",")));
}

std::unique_ptr<FeatureExtractor> open_principal(const FeatureRequest& request, const std::vector<int64_t>& shape,
                                                 const std::shared_ptr<const DataSource>& reference) {
  if (!reference)
    throw usage_error(fmt::format("features '{}' are principal components of data; name them, SRC", request.name));
  if (reference->info().shape != shape)
    throw usage_error(fmt::format("features '{}': samples are [{}], those of {} [{}]", request.name, join(shape, ","),
                                  reference->info().name, join(reference->info().shape, ",")));
  return std::make_unique<PrincipalFeatures>(request, *reference);
}

}  // namespace

std::unique_ptr<FeatureExtractor> open_features(const std::string& text, const std::vector<int64_t>& shape,
                                                const FeatureOptions& options) {
  const FeatureRequest request = parse_features(text);
  switch (request.kind) {
    case FeatureRequest::Kind::kPixels:
      return std::make_unique<PixelFeatures>(request, shape);
    case FeatureRequest::Kind::kBlocks:
      require_image(request, shape);
      return std::make_unique<BlockFeatures>(request, shape);
    case FeatureRequest::Kind::kRandom:
      require_image(request, shape);
      return std::make_unique<RandomFeatures>(request, shape);
    case FeatureRequest::Kind::kPrincipal:
      return open_principal(request, shape, options.reference);
    case FeatureRequest::Kind::kNetwork:
      break;
  }
  return std::make_unique<NetworkFeatures>(
      FeatureNetwork(request, network_form(request), shape, options.trust, options.device), shape);
}

std::string features_help() {
  return "pixels | pixels-8x8 (block means) | pca:R (principal components of the data) | random-conv (fixed random "
         "convolutions, for tests)\n"
         "NET.pt[,preset=inception-2015-12-05|clean|dinov2-vitl14][,contract=FILE.yaml][,sha256=HEX][,time_limit=SECONDS]: "
         "TorchScript, called as NET.yaml beside it says\n"
         "each takes quantise=no: images as they are, not as bytes";
}

}  // namespace farfield
