#include <cmath>

#include <fmt/format.h>

#include "models/networks/networks.h"

namespace farfield {
namespace {

using torch::Tensor;

constexpr Init kSongInit{Init::Kind::kXavierUniform, 1, 0};
constexpr Init kSongInitZero{Init::Kind::kXavierUniform, 1e-5, 0};
const Init kInitAttention{Init::Kind::kXavierUniform, std::sqrt(0.2), 0};

// What a stage does with the running image, besides its module.
enum class Role { kConv, kBlock, kAuxDown, kAuxSkip, kAuxResidual, kAuxUp, kAuxNorm, kAuxConv };

struct Stage {
  Role role;
  std::shared_ptr<Conv2d> conv;
  std::shared_ptr<UNetBlock> block;
  std::shared_ptr<GroupNorm> norm;  // null where nothing is normalised
};

class SongUNet final : public Network {
 public:
  SongUNet(const NetworkConfig& config, const WeightSource& source, int64_t out_channels)
      : config_(config), source_(source), out_channels_(out_channels) {
    make_mapping();
    const int64_t channels = make_encoder();
    make_decoder(channels);
    source_ = {};
  }

  const NetworkConfig& config() const override { return config_; }

  Tensor forward(const Tensor& x, const Conditioning& conditioning, DropoutStream* dropout) override {
    const Tensor emb = embedding(conditioning, dropout);
    std::vector<Tensor> skips;
    const Tensor encoded = encode(x, emb, skips, dropout);
    return decode(encoded, emb, skips, dropout);
  }

 private:
  void make_mapping() {
    const int64_t noise = config_.model_channels * config_.channel_mult_noise;
    const int64_t emb = config_.model_channels * config_.channel_mult_emb;
    if (config_.embedding_type == "fourier") {
      map_noise_ = register_module("map_noise", std::make_shared<FourierEmbedding>(noise, source_));
    }
    const auto linear = [&](const char* name, int64_t in, int64_t out, bool bias) {
      return register_module(name, std::make_shared<Linear>(in, out, bias, kSongInit, source_));
    };
    if (config_.label_dim > 0) map_label_ = linear("map_label", config_.label_dim, noise, true);
    if (config_.augment_dim > 0) map_augment_ = linear("map_augment", config_.augment_dim, noise, false);
    map_layer0_ = linear("map_layer0", noise, emb, true);
    map_layer1_ = linear("map_layer1", emb, emb, true);
    enc_ = register_module("enc", std::make_shared<torch::nn::Module>());
    dec_ = register_module("dec", std::make_shared<torch::nn::Module>());
  }

  std::shared_ptr<UNetBlock> make_block(int64_t in, int64_t out, Resample resample, bool attention) const {
    UNetBlockOptions options;
    options.in_channels = in;
    options.out_channels = out;
    options.emb_channels = config_.model_channels * config_.channel_mult_emb;
    options.resample = resample;
    options.num_heads = attention ? 1 : 0;
    options.dropout = config_.dropout;
    options.skip_scale = std::sqrt(0.5);
    options.normalise = config_.normalisation == "group";
    options.eps = 1e-6;
    options.resample_filter = config_.resample_filter;
    options.resample_proj = true;
    options.adaptive_scale = false;
    options.init = kSongInit;
    options.init_zero = kSongInitZero;
    options.init_attention = kInitAttention;
    return std::make_shared<UNetBlock>(options, source_);
  }

  void encoder_block(const std::string& name, int64_t in, int64_t out, Resample resample, bool attention) {
    encoder_.push_back(
        {Role::kBlock, nullptr, enc_->register_module(name, make_block(in, out, resample, attention)), nullptr});
    skip_channels_.push_back(out);
  }
  void encoder_conv(const std::string& name, Role role, const ConvOptions& options) {
    encoder_.push_back(
        {role, enc_->register_module(name, std::make_shared<Conv2d>(options, kSongInit, source_)), nullptr, nullptr});
  }
  void decoder_block(const std::string& name, int64_t in, int64_t out, Resample resample, bool attention) {
    decoder_.push_back(
        {Role::kBlock, nullptr, dec_->register_module(name, make_block(in, out, resample, attention)), nullptr});
  }

  // Returns the channels it ends with.
  int64_t make_encoder() {
    int64_t channels = config_.model_channels, aux_channels = config_.img_channels;
    for (size_t level = 0; level < config_.channel_mult.size(); ++level) {
      const Resolution res = resolution_at(config_, level);
      if (level == 0) {
        encoder_conv(layer_name(res, "conv"), Role::kConv, {config_.img_channels, channels, 3});
        skip_channels_.push_back(channels);
      } else {
        encoder_block(layer_name(res, "down"), channels, channels, Resample::kDown, false);
        make_encoder_aux(res, channels, aux_channels);
      }
      for (int64_t index = 0; index < config_.num_blocks; ++index) {
        const int64_t in = channels;
        channels = config_.model_channels * config_.channel_mult[level];
        encoder_block(layer_name(res, fmt::format("block{}", index)), in, channels, Resample::kNone,
                      attends_at(config_, level));
      }
    }
    return channels;
  }

  void make_encoder_aux(const Resolution& res, int64_t channels, int64_t& aux_channels) {
    const auto& filter = config_.resample_filter;
    if (config_.encoder_type == "skip") {
      encoder_conv(layer_name(res, "aux_down"), Role::kAuxDown,
                   {aux_channels, aux_channels, 0, Resample::kDown, filter});
      encoder_conv(layer_name(res, "aux_skip"), Role::kAuxSkip, {aux_channels, channels, 1});
    }
    if (config_.encoder_type == "residual") {
      encoder_conv(layer_name(res, "aux_residual"), Role::kAuxResidual,
                   {aux_channels, channels, 3, Resample::kDown, filter, true});
      aux_channels = channels;
    }
  }

  void make_decoder(int64_t channels) {
    for (size_t level = config_.channel_mult.size(); level-- > 0;) {
      const Resolution res = resolution_at(config_, level);
      if (level + 1 == config_.channel_mult.size()) {
        decoder_block(layer_name(res, "in0"), channels, channels, Resample::kNone, config_.innermost_attention);
        decoder_block(layer_name(res, "in1"), channels, channels, Resample::kNone, false);
      } else {
        decoder_block(layer_name(res, "up"), channels, channels, Resample::kUp, false);
      }
      for (int64_t index = 0; index <= config_.num_blocks; ++index) {
        const int64_t in = channels + skip_channels_.back();
        skip_channels_.pop_back();
        channels = config_.model_channels * config_.channel_mult[level];
        decoder_block(layer_name(res, fmt::format("block{}", index)), in, channels, Resample::kNone,
                      index == config_.num_blocks && attends_at(config_, level));
      }
      if (config_.decoder_type == "skip" || level == 0) make_decoder_aux(level, channels);
    }
  }

  void make_decoder_aux(size_t level, int64_t channels) {
    const Resolution res = resolution_at(config_, level);
    const auto conv = [&](const char* name, Role role, const ConvOptions& options) {
      decoder_.push_back(
          {role,
           dec_->register_module(layer_name(res, name), std::make_shared<Conv2d>(options, kSongInitZero, source_)),
           nullptr, nullptr});
    };
    if (config_.decoder_type == "skip" && level + 1 < config_.channel_mult.size()) {
      conv("aux_up", Role::kAuxUp, {out_channels_, out_channels_, 0, Resample::kUp, config_.resample_filter});
    }
    Stage norm{Role::kAuxNorm, nullptr, nullptr, nullptr};
    if (config_.normalisation == "group") {
      norm.norm = dec_->register_module(layer_name(res, "aux_norm"),
                                        std::make_shared<GroupNorm>(channels, 1e-6, source_));
    }
    decoder_.push_back(norm);
    conv("aux_conv", Role::kAuxConv, {channels, out_channels_, 3});
  }

  // [B, emb_channels], in the precision of the noise labels.
  Tensor embedding(const Conditioning& conditioning, DropoutStream* dropout) const {
    const Tensor& labels = conditioning.noise_labels;
    const int64_t channels = config_.model_channels * config_.channel_mult_noise;
    Tensor emb = map_noise_ ? map_noise_->forward(labels) : positional_embedding(labels, channels, true);
    emb = emb.reshape({emb.size(0), 2, -1}).flip(1).reshape(emb.sizes());  // the reference swaps sine and cosine
    if (map_label_) {
      const Tensor classes = class_labels_for(config_, conditioning.class_labels, emb, dropout);
      emb = emb + map_label_->forward(classes * std::sqrt(static_cast<double>(config_.label_dim)));
    }
    if (map_augment_ && conditioning.augment_labels.defined()) {
      emb = emb + map_augment_->forward(conditioning.augment_labels.to(emb.options()));
    }
    return at::silu(map_layer1_->forward(at::silu(map_layer0_->forward(emb))));
  }

  Tensor encode(Tensor x, const Tensor& emb, std::vector<Tensor>& skips, DropoutStream* dropout) const {
    Tensor aux = x;
    for (const Stage& stage : encoder_) {
      switch (stage.role) {
        case Role::kAuxDown:
          aux = stage.conv->forward(aux);
          break;
        case Role::kAuxSkip:
          x = skips.back() = x + stage.conv->forward(aux);
          break;
        case Role::kAuxResidual:
          x = skips.back() = aux = (x + stage.conv->forward(aux)) / std::sqrt(2.0);
          break;
        default:
          x = stage.block ? stage.block->forward(x, emb, dropout) : stage.conv->forward(x);
          skips.push_back(x);
      }
    }
    return x;
  }

  Tensor decode(Tensor x, const Tensor& emb, std::vector<Tensor>& skips, DropoutStream* dropout) const {
    Tensor aux, normed;
    for (const Stage& stage : decoder_) {
      switch (stage.role) {
        case Role::kAuxUp:
          aux = stage.conv->forward(aux);
          break;
        case Role::kAuxNorm:
          normed = activated(stage.norm, x);
          break;
        case Role::kAuxConv:
          normed = stage.conv->forward(normed);
          aux = aux.defined() ? normed + aux : normed;
          break;
        default:
          if (x.size(1) != stage.block->in_channels()) {
            x = at::cat({x, skips.back()}, 1);
            skips.pop_back();
          }
          x = stage.block->forward(x, emb, dropout);
      }
    }
    return aux;
  }

  NetworkConfig config_;
  WeightSource source_;
  int64_t out_channels_;
  std::vector<int64_t> skip_channels_;  // during construction: what the decoder will concatenate
  std::shared_ptr<FourierEmbedding> map_noise_;
  std::shared_ptr<Linear> map_label_, map_augment_, map_layer0_, map_layer1_;
  std::shared_ptr<torch::nn::Module> enc_, dec_;
  std::vector<Stage> encoder_, decoder_;
};

}  // namespace

std::shared_ptr<Network> make_song_unet(const NetworkConfig& config, const WeightSource& source, int64_t out_channels) {
  return std::make_shared<SongUNet>(config, source, out_channels);
}

}  // namespace farfield
