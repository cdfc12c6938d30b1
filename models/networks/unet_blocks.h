#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <ATen/core/Generator.h>
#include <torch/nn/module.h>
#include <torch/types.h>

#include "models/networks/dropout.h"

namespace farfield {

// The building blocks of NVlabs EDM (training/networks.py), with its names, initialisation and arithmetic. Weights are
// cast to the activation's dtype where they are used; a frozen layer keeps that cast copy (see freeze()).

// Where weights come from: drawn on the CPU from `generator`, or left uninitialised on `device` (to be loaded; "meta":
// shapes without memory) when it is undefined.
struct WeightSource {
  at::Generator generator;
  torch::Device device = torch::kCPU;
};

// How a weight is drawn: `scale` times Xavier's or Kaiming's distribution; biases `bias_scale` times the same.
struct Init {
  enum class Kind { kXavierUniform, kKaimingUniform, kKaimingNormal };
  Kind kind = Kind::kKaimingNormal;
  double scale = 1, bias_scale = 0;
};

// y = x W^T + b. x [..., in].
class Linear final : public torch::nn::Module {
 public:
  Linear(int64_t in_features, int64_t out_features, bool with_bias, const Init& init, const WeightSource& source);
  torch::Tensor forward(const torch::Tensor& x) const;
  int64_t in_features() const { return weight_.size(1); }

 private:
  torch::Tensor weight_, bias_;
};

enum class Resample { kNone, kUp, kDown };

struct ConvOptions {
  int64_t in_channels = 0, out_channels = 0;
  int64_t kernel = 3;                         // odd; 0: resampling alone, no weight
  Resample resample = Resample::kNone;        // by two, before the weight
  std::vector<double> resample_filter{1, 1};  // taps of the separable filter, normalised here
  bool fused_resample = false;                // the weight first where that saves work (NCSN++'s encoder)
};

// x [B, in, H, W] -> [B, out, H', W'].
class Conv2d final : public torch::nn::Module {
 public:
  Conv2d(const ConvOptions& options, const Init& init, const WeightSource& source);
  torch::Tensor forward(const torch::Tensor& x) const;
  int64_t out_channels() const { return options_.out_channels; }
  bool has_weight() const { return weight_.defined(); }
  // For inference only: keeps `scale` times weight and bias as `dtype` in `format`, cast once. Later changes of the
  // parameters are not seen.
  void freeze(torch::ScalarType dtype, torch::MemoryFormat format, double scale);

 private:
  torch::Tensor resampled(const torch::Tensor& x) const;
  torch::Tensor fused(const torch::Tensor& x, const torch::Tensor& weight) const;
  // The depthwise filter, up (transposed, four times the filter) or down, with `padding`.
  torch::Tensor filtered(const torch::Tensor& x, int64_t padding) const;

  ConvOptions options_;
  bool box_filter_ = false;  // taps 1,1: nearest neighbour up, 2 x 2 mean down
  torch::Tensor weight_, bias_, resample_filter_;
  torch::Tensor frozen_weight_, frozen_bias_;
};

// Statistics and arithmetic in float32 (float64 for float64 input) whatever the dtype of x; returns x's dtype.
class GroupNorm final : public torch::nn::Module {
 public:
  GroupNorm(int64_t channels, double eps, const WeightSource& source);  // min(32, channels / 4) groups
  torch::Tensor forward(const torch::Tensor& x) const;

 private:
  int64_t groups_;
  double eps_;
  torch::Tensor weight_, bias_;
};

// silu(norm(x)), silu(x) without a norm; not x's memory.
torch::Tensor activated(const std::shared_ptr<GroupNorm>& norm, const torch::Tensor& x);

struct UNetBlockOptions {
  int64_t in_channels = 0, out_channels = 0, emb_channels = 0;
  Resample resample = Resample::kNone;
  int64_t num_heads = 0;  // 0: no attention
  double dropout = 0;
  double skip_scale = 1;
  bool normalise = true;  // false: no GroupNorm anywhere
  double eps = 1e-5;
  std::vector<double> resample_filter{1, 1};
  bool resample_proj = false;  // a 1 x 1 convolution on a resampling skip, whatever the channels
  bool adaptive_scale = true;  // the embedding also scales (ADM)
  Init init, init_zero{Init::Kind::kKaimingNormal, 0, 0}, init_attention;
};

// The residual block of all networks: two convolutions, the embedding between them, and self-attention where
// num_heads > 0. x [B, in, H, W], emb [B, emb_channels] -> [B, out, H', W'].
class UNetBlock final : public torch::nn::Module {
 public:
  UNetBlock(const UNetBlockOptions& options, const WeightSource& source);
  torch::Tensor forward(const torch::Tensor& x, const torch::Tensor& emb, DropoutStream* dropout) const;
  int64_t in_channels() const { return options_.in_channels; }
  int64_t out_channels() const { return options_.out_channels; }
  // Conv2d::freeze on its convolutions, with the scale of the residual sums folded in: one pass over memory less a sum.
  void freeze(torch::ScalarType dtype, torch::MemoryFormat format);
  // From now on forward() keeps no activations for the backward pass but its input (recompute.h). Same bits.
  void recompute_in_backward() { recompute_ = true; }

 private:
  // forward() with x given twice: what is added to the residual branch, and what enters it.
  torch::Tensor run(const torch::Tensor& skip, const torch::Tensor& branch, const torch::Tensor& emb,
                    DropoutStream* dropout) const;
  // norm1 of what conv0 gave, `h`, with the embedding, and its silu.
  torch::Tensor modulated(torch::Tensor h, const torch::Tensor& emb) const;
  torch::Tensor attended(const torch::Tensor& x) const;
  // (branch + skip) * skip_scale, written into `branch`; `skip_frozen`: the skip has weights, which hold the scale.
  torch::Tensor residual_sum(torch::Tensor branch, const torch::Tensor& skip, bool skip_frozen) const;

  UNetBlockOptions options_;
  bool recompute_ = false;
  torch::ScalarType frozen_dtype_ = torch::ScalarType::Undefined;
  std::shared_ptr<GroupNorm> norm0_, norm1_, norm2_;  // null where nothing is normalised
  std::shared_ptr<Conv2d> conv0_, conv1_, skip_, qkv_, proj_;
  std::shared_ptr<Linear> affine_;
};

// [cos(l f_i), sin(l f_i)], f_i = 10000^-(i / (n/2 - endpoint)), i < n/2. labels [B] -> [B, n], in the labels' dtype.
torch::Tensor positional_embedding(const torch::Tensor& labels, int64_t channels, bool endpoint,
                                   int64_t max_positions = 10000);

// [cos(2 pi l f), sin(2 pi l f)] with f [n/2] a fixed buffer `freqs`, scale * N(0, 1). labels [B] -> [B, n].
class FourierEmbedding final : public torch::nn::Module {
 public:
  FourierEmbedding(int64_t channels, const WeightSource& source, double scale = 16);
  torch::Tensor forward(const torch::Tensor& labels) const;

 private:
  torch::Tensor freqs_;
};

// Freezes every block and every other convolution below `module`.
void freeze_convolutions(torch::nn::Module& module, torch::ScalarType dtype, torch::MemoryFormat format);

// UNetBlock::recompute_in_backward on every block below `module`: memory for a third more time a training step.
void recompute_blocks(torch::nn::Module& module);

}  // namespace farfield
