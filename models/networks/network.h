#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <ATen/core/Generator.h>
#include <torch/nn/module.h>
#include <torch/types.h>

#include "core/config/config.h"
#include "models/networks/dropout.h"

namespace farfield {

// The sides of an image in pixels; one number is a square's.
struct Resolution {
  int64_t height, width;
  Resolution(int64_t side) : height(side), width(side) {}
  Resolution(int64_t rows, int64_t columns) : height(rows), width(columns) {}
  bool is_square() const { return height == width; }
  bool operator==(const Resolution&) const = default;
};
std::string to_text(const Resolution& resolution);  // "32" or "[24, 32]", as configs have it

// The shape of a network; fields, names and defaults are those of NVlabs EDM (training/networks.py), whose JSON text
// the native model file carries as `config`.
struct NetworkConfig {
  std::string model_type = "SongUNet";            // SongUNet (DDPM++, NCSN++), DhariwalUNet (ADM), PointMlp
  Resolution img_resolution = 32;                 // PointMlp: 1. (NVlabs' images are square)
  int64_t img_channels = 3;                       // PointMlp: the dimension of a point
  int64_t label_dim = 0;                          // number of classes; 0: unconditional
  int64_t augment_dim = 0;                        // augmentation labels; 0: none
  int64_t model_channels = 128;                   // channels of the first level (DhariwalUNet: 192)
  std::vector<int64_t> channel_mult{1, 2, 2, 2};  // per resolution level (DhariwalUNet: 1,2,3,4)
  int64_t channel_mult_emb = 4;                   // width of the embedding / model_channels
  int64_t num_blocks = 4;                         // residual blocks per level (DhariwalUNet: 3)
  std::vector<int64_t> attn_resolutions{
      16};                   // levels with self-attention, by their longer side (DhariwalUNet: 32,16,8)
  double dropout = 0.10;     // probability in [0, 1)
  double label_dropout = 0;  // probability of training without the label, in [0, 1)
  // SongUNet and DhariwalUNet, ours: without both, and with attn_resolutions {}, the network is local.
  bool innermost_attention = true;      // the first block of the decoder attends, whatever attn_resolutions says
  std::string normalisation = "group";  // group; none: no parameters for it either
  // SongUNet only:
  std::string embedding_type = "positional";  // positional (DDPM++), fourier (NCSN++)
  int64_t channel_mult_noise = 1;             // width of the noise embedding / model_channels (NCSN++: 2)
  std::string encoder_type = "standard";      // standard (DDPM++), residual (NCSN++), skip
  std::string decoder_type = "standard";      // standard, skip
  std::vector<double> resample_filter{1, 1};  // taps (NCSN++: 1,3,3,1)

  // The defaults of one model_type; usage_error when unknown.
  static NetworkConfig defaults(std::string_view model_type);
  // From a mapping with these names; absent keys take the type's defaults, other keys stay unread.
  static NetworkConfig from_config(const Config& config);
  // Throws usage_error naming the first field out of range, among them a resolution that the levels cannot halve.
  void validate() const;
  std::vector<int64_t> sample_shape() const;  // [C,H,W], PointMlp: [d]
  torch::MemoryFormat memory_format() const;  // that its activations are fastest in on a CPU: images channels last
  bool operator==(const NetworkConfig&) const = default;
};

// What a network is told besides x.
struct Conditioning {
  torch::Tensor noise_labels;    // [B], c_noise of the preconditioning, in the embedding's precision
  torch::Tensor class_labels;    // [B, label_dim] one-hot, or undefined (= all zero)
  torch::Tensor augment_labels;  // [B, augment_dim], or undefined (= no contribution)
};

// F(c_in x; c_noise): a trainable module. Parameter and buffer names are exactly NVlabs' below `model.`.
// Parameters stay as they were made (float32); convolutions follow x's dtype as in EDM's fp16 mode, the embedding and
// the soft-max do not. Whether dropout acts is decided by `dropout` alone; train() and eval() change nothing.
class Network : public torch::nn::Module {
 public:
  // x [B, ...sample_shape]; returns [B, out_channels, ...] in x's dtype. Without `dropout` none is applied.
  virtual torch::Tensor forward(const torch::Tensor& x, const Conditioning& conditioning,
                                DropoutStream* dropout = nullptr) = 0;
  virtual const NetworkConfig& config() const = 0;
};

// A network with EDM's initialisation drawn from `generator` (CPU). `output_factor` 2 doubles the output channels, as
// iDDPM's preconditioning wants (Preconditioning::output_channels_factor). Validates the config.
std::shared_ptr<Network> make_network(const NetworkConfig& config, at::Generator generator, int64_t output_factor = 1);

}  // namespace farfield
