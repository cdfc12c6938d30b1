#include <cmath>

#include <fmt/format.h>

#include "models/networks/networks.h"

namespace farfield {
namespace {

using torch::Tensor;

const Init kAdmInit{Init::Kind::kKaimingUniform, std::sqrt(1.0 / 3), std::sqrt(1.0 / 3)};
constexpr Init kAdmInitZero{Init::Kind::kKaimingUniform, 0, 0};

class DhariwalUNet final : public Network {
 public:
  DhariwalUNet(const NetworkConfig& config, const WeightSource& source, int64_t out_channels)
      : config_(config), source_(source) {
    make_mapping();
    const int64_t channels = make_decoder(make_encoder());
    if (config_.normalisation == "group") {
      out_norm_ = register_module("out_norm", std::make_shared<GroupNorm>(channels, 1e-5, source));
    }
    out_conv_ = register_module("out_conv",
                                std::make_shared<Conv2d>(ConvOptions{channels, out_channels, 3}, kAdmInitZero, source));
    source_ = {};
  }

  const NetworkConfig& config() const override { return config_; }

  Tensor forward(const Tensor& x, const Conditioning& conditioning, DropoutStream* dropout) override {
    const Tensor emb = embedding(conditioning, dropout);
    Tensor h = stem_->forward(x);
    std::vector<Tensor> skips{h};
    for (const auto& block : encoder_) skips.push_back(h = block->forward(h, emb, dropout));
    for (const auto& block : decoder_) {
      if (h.size(1) != block->in_channels()) {
        h = at::cat({h, skips.back()}, 1);
        skips.pop_back();
      }
      h = block->forward(h, emb, dropout);
    }
    return out_conv_->forward(activated(out_norm_, h));
  }

 private:
  void make_mapping() {
    const int64_t width = config_.model_channels, emb = width * config_.channel_mult_emb;
    const auto linear = [&](const char* name, int64_t in, int64_t out, bool bias, const Init& init) {
      return register_module(name, std::make_shared<Linear>(in, out, bias, init, source_));
    };
    if (config_.augment_dim > 0) map_augment_ = linear("map_augment", config_.augment_dim, width, false, kAdmInitZero);
    map_layer0_ = linear("map_layer0", width, emb, true, kAdmInit);
    map_layer1_ = linear("map_layer1", emb, emb, true, kAdmInit);
    if (config_.label_dim > 0) {
      const Init init{Init::Kind::kKaimingNormal, std::sqrt(static_cast<double>(config_.label_dim)), 0};
      map_label_ = linear("map_label", config_.label_dim, emb, false, init);
    }
    enc_ = register_module("enc", std::make_shared<torch::nn::Module>());
    dec_ = register_module("dec", std::make_shared<torch::nn::Module>());
  }

  std::shared_ptr<UNetBlock> make_block(int64_t in, int64_t out, Resample resample, bool attention) const {
    UNetBlockOptions options;
    options.in_channels = in;
    options.out_channels = out;
    options.emb_channels = config_.model_channels * config_.channel_mult_emb;
    options.resample = resample;
    options.num_heads = attention ? out / 64 : 0;  // 64 channels a head; below 64 the reference has no attention
    options.dropout = config_.dropout;
    options.normalise = config_.normalisation == "group";
    options.init = options.init_attention = kAdmInit;
    options.init_zero = kAdmInitZero;
    return std::make_shared<UNetBlock>(options, source_);
  }

  void add(std::vector<std::shared_ptr<UNetBlock>>& blocks, torch::nn::Module& parent, size_t level,
           const std::string& what, std::shared_ptr<UNetBlock> block) {
    blocks.push_back(parent.register_module(layer_name(resolution_at(config_, level), what), std::move(block)));
  }

  int64_t width(size_t level) const { return config_.model_channels * config_.channel_mult[level]; }

  int64_t make_encoder() {
    int64_t channels = width(0);
    stem_ = enc_->register_module(
        layer_name(resolution_at(config_, 0), "conv"),
        std::make_shared<Conv2d>(ConvOptions{config_.img_channels, channels, 3}, kAdmInit, source_));
    skip_channels_ = {channels};
    for (size_t level = 0; level < config_.channel_mult.size(); ++level) {
      if (level > 0) {
        add(encoder_, *enc_, level, "down", make_block(channels, channels, Resample::kDown, false));
        skip_channels_.push_back(channels);
      }
      for (int64_t index = 0; index < config_.num_blocks; ++index) {
        add(encoder_, *enc_, level, fmt::format("block{}", index),
            make_block(channels, width(level), Resample::kNone, attends_at(config_, level)));
        skip_channels_.push_back(channels = width(level));
      }
    }
    return channels;
  }

  int64_t make_decoder(int64_t channels) {
    for (size_t level = config_.channel_mult.size(); level-- > 0;) {
      if (level + 1 == config_.channel_mult.size()) {
        add(decoder_, *dec_, level, "in0",
            make_block(channels, channels, Resample::kNone, config_.innermost_attention));
        add(decoder_, *dec_, level, "in1", make_block(channels, channels, Resample::kNone, false));
      } else {
        add(decoder_, *dec_, level, "up", make_block(channels, channels, Resample::kUp, false));
      }
      for (int64_t index = 0; index <= config_.num_blocks; ++index) {
        const int64_t in = channels + skip_channels_.back();
        skip_channels_.pop_back();
        channels = width(level);
        add(decoder_, *dec_, level, fmt::format("block{}", index),
            make_block(in, channels, Resample::kNone, attends_at(config_, level)));
      }
    }
    return channels;
  }

  Tensor embedding(const Conditioning& conditioning, DropoutStream* dropout) const {
    Tensor emb = positional_embedding(conditioning.noise_labels, config_.model_channels, false);
    if (map_augment_ && conditioning.augment_labels.defined()) {
      emb = emb + map_augment_->forward(conditioning.augment_labels.to(emb.options()));
    }
    emb = map_layer1_->forward(at::silu(map_layer0_->forward(emb)));
    if (map_label_) {
      emb = emb + map_label_->forward(class_labels_for(config_, conditioning.class_labels, emb, dropout));
    }
    return at::silu(emb);
  }

  NetworkConfig config_;
  WeightSource source_;
  std::vector<int64_t> skip_channels_;  // during construction: what the decoder will concatenate
  std::shared_ptr<Linear> map_augment_, map_layer0_, map_layer1_, map_label_;
  std::shared_ptr<torch::nn::Module> enc_, dec_;
  std::shared_ptr<Conv2d> stem_, out_conv_;
  std::shared_ptr<GroupNorm> out_norm_;  // null where nothing is normalised
  std::vector<std::shared_ptr<UNetBlock>> encoder_, decoder_;
};

}  // namespace

std::shared_ptr<Network> make_dhariwal_unet(const NetworkConfig& config, const WeightSource& source,
                                            int64_t out_channels) {
  return std::make_shared<DhariwalUNet>(config, source, out_channels);
}

}  // namespace farfield
