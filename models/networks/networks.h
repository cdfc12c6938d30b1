#pragma once

#include <memory>

#include "models/networks/network.h"
#include "models/networks/unet_blocks.h"

namespace farfield {

// make_network with the weights from `source`: the door of the native file's reader, which first compares shapes alone.
std::shared_ptr<Network> build_network(const NetworkConfig& config, const WeightSource& source, int64_t output_factor);

// DDPM++ and NCSN++ (Song et al. 2021) as in NVlabs' class SongUNet.
std::shared_ptr<Network> make_song_unet(const NetworkConfig& config, const WeightSource& source, int64_t out_channels);
// ADM (Dhariwal & Nichol 2021) as in NVlabs' class DhariwalUNet.
std::shared_ptr<Network> make_dhariwal_unet(const NetworkConfig& config, const WeightSource& source,
                                            int64_t out_channels);
// Points [B, d]: num_blocks residual layers of width model_channels, the noise embedding added in each.
std::shared_ptr<Network> make_point_mlp(const NetworkConfig& config, const WeightSource& source, int64_t out_channels);

// The sides in pixels of a U-Net's `level`, 0 being the outermost, what its layers are called ("16x24_conv": NVlabs' names,
// whose sides are equal), and whether its blocks attend.
Resolution resolution_at(const NetworkConfig& config, size_t level);
std::string layer_name(const Resolution& resolution, std::string_view what);
bool attends_at(const NetworkConfig& config, size_t level);

// The labels a network with `config` sees: `labels`, or zeros where there are none; rows dropped in training.
torch::Tensor class_labels_for(const NetworkConfig& config, const torch::Tensor& labels, const torch::Tensor& like,
                               DropoutStream* dropout);

}  // namespace farfield
