#include <cmath>

#include <fmt/format.h>

#include "models/networks/networks.h"

namespace farfield {
namespace {

using torch::Tensor;

constexpr Init kMlpInit{Init::Kind::kXavierUniform, 1, 0};
constexpr Init kMlpInitZero{Init::Kind::kXavierUniform, 1e-5, 0};

// h + conv-free residual layer: h + L1(silu(L0(h) + A(emb))).
struct Layer {
  std::shared_ptr<Linear> in, affine, out;
};

class PointMlp final : public Network {
 public:
  PointMlp(const NetworkConfig& config, const WeightSource& source, int64_t out_channels) : config_(config) {
    const int64_t width = config.model_channels, emb = width * config.channel_mult_emb;
    const auto linear = [&](const std::string& name, int64_t in, int64_t out, const Init& init) {
      return register_module(name, std::make_shared<Linear>(in, out, true, init, source));
    };
    if (config.label_dim > 0) map_label_ = linear("map_label", config.label_dim, width, kMlpInit);
    map_layer0_ = linear("map_layer0", width, emb, kMlpInit);
    map_layer1_ = linear("map_layer1", emb, emb, kMlpInit);
    first_ = linear("in", config.img_channels, width, kMlpInit);
    for (int64_t index = 0; index < config.num_blocks; ++index) {
      const std::string name = fmt::format("block{}", index);
      layers_.push_back({linear(name + "_linear0", width, width, kMlpInit),
                         linear(name + "_affine", emb, width, kMlpInit),
                         linear(name + "_linear1", width, width, kMlpInit)});
    }
    last_ = linear("out", width, out_channels, kMlpInitZero);
  }

  const NetworkConfig& config() const override { return config_; }

  Tensor forward(const Tensor& x, const Conditioning& conditioning, DropoutStream* dropout) override {
    Tensor emb = positional_embedding(conditioning.noise_labels, config_.model_channels, true);
    if (map_label_) {
      const Tensor classes = class_labels_for(config_, conditioning.class_labels, emb, dropout);
      emb = emb + map_label_->forward(classes * std::sqrt(static_cast<double>(config_.label_dim)));
    }
    emb = at::silu(map_layer1_->forward(at::silu(map_layer0_->forward(emb))));
    Tensor h = first_->forward(x);
    for (const Layer& layer : layers_) {
      Tensor inner = at::silu(layer.in->forward(at::silu(h)) + layer.affine->forward(emb).to(h.scalar_type()));
      if (dropout != nullptr) inner = dropout->drop(inner, config_.dropout);
      h = (h + layer.out->forward(inner)) * std::sqrt(0.5);
    }
    return last_->forward(at::silu(h));
  }

 private:
  NetworkConfig config_;
  std::shared_ptr<Linear> map_label_, map_layer0_, map_layer1_, first_, last_;
  std::vector<Layer> layers_;
};

}  // namespace

std::shared_ptr<Network> make_point_mlp(const NetworkConfig& config, const WeightSource& source, int64_t out_channels) {
  return std::make_shared<PointMlp>(config, source, out_channels);
}

}  // namespace farfield
