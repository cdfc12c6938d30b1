#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace farfield {

// Every field of a NetworkConfig but model_type, once, with its range: reading, writing and checking all go through
// here. `visit(name, value, low, high)` for numbers and lists of numbers, `visit(name, text, allowed)` for choices,
// `visit(name, flag)`.
template <class NetworkConfigLike, class Visitor>
void visit_network_fields(NetworkConfigLike& config, Visitor&& visit) {
  constexpr int64_t kMaxWidth = 8192;
  visit("img_resolution", config.img_resolution, int64_t{1}, int64_t{4096});
  visit("img_channels", config.img_channels, int64_t{1}, int64_t{4096});
  visit("label_dim", config.label_dim, int64_t{0}, int64_t{1'000'000});
  visit("augment_dim", config.augment_dim, int64_t{0}, kMaxWidth);
  visit("model_channels", config.model_channels, int64_t{4}, kMaxWidth);
  visit("channel_mult", config.channel_mult, int64_t{1}, int64_t{64});
  visit("channel_mult_emb", config.channel_mult_emb, int64_t{1}, int64_t{64});
  visit("num_blocks", config.num_blocks, int64_t{0}, int64_t{64});
  visit("attn_resolutions", config.attn_resolutions, int64_t{0}, int64_t{4096});
  visit("dropout", config.dropout, 0.0, 0.999);
  visit("label_dropout", config.label_dropout, 0.0, 0.999);
  if (config.model_type == "PointMlp") return;
  visit("innermost_attention", config.innermost_attention);
  visit("normalisation", config.normalisation, std::vector<std::string>{"group", "none"});
  if (config.model_type != "SongUNet") return;
  visit("embedding_type", config.embedding_type, std::vector<std::string>{"positional", "fourier"});
  visit("channel_mult_noise", config.channel_mult_noise, int64_t{1}, int64_t{64});
  visit("encoder_type", config.encoder_type, std::vector<std::string>{"standard", "residual", "skip"});
  visit("decoder_type", config.decoder_type, std::vector<std::string>{"standard", "skip"});
  visit("resample_filter", config.resample_filter, -1e6, 1e6);
}

}  // namespace farfield
