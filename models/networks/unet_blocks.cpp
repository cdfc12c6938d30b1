#include "models/networks/unet_blocks.h"

#include <cmath>
#include <numbers>

#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include "core/error.h"
#include "models/networks/recompute.h"

namespace farfield {
namespace {

using torch::Tensor;

Tensor drawn(torch::IntArrayRef shape, const Init& init, double scale, int64_t fan_in, int64_t fan_out,
             const WeightSource& source) {
  if (!source.generator.defined()) return torch::empty(shape, source.device);
  at::Generator generator = source.generator;
  const auto uniform = [&](double bound) { return (torch::rand(shape, generator) * 2 - 1) * (bound * scale); };
  switch (init.kind) {
    case Init::Kind::kXavierUniform:
      return uniform(std::sqrt(6.0 / static_cast<double>(fan_in + fan_out)));
    case Init::Kind::kKaimingUniform:
      return uniform(std::sqrt(3.0 / static_cast<double>(fan_in)));
    case Init::Kind::kKaimingNormal:
      return torch::randn(shape, generator) * (std::sqrt(1.0 / static_cast<double>(fan_in)) * scale);
  }
  return {};
}

Tensor normalised_filter(const std::vector<double>& taps) {
  const Tensor line = torch::tensor(torch::ArrayRef<double>(taps), torch::kFloat64);
  const Tensor filter = line.outer(line) / line.sum().square();
  return filter.unsqueeze(0).unsqueeze(0).to(torch::kFloat32);
}

// silu, in place where no gradient will ask for its argument. `x` is the caller's own.
Tensor silu_of_own(Tensor x) { return at::GradMode::is_enabled() ? at::silu(x) : at::silu_(x); }

}  // namespace

Linear::Linear(int64_t in_features, int64_t out_features, bool with_bias, const Init& init,
               const WeightSource& source) {
  weight_ = register_parameter("weight",
                               drawn({out_features, in_features}, init, init.scale, in_features, out_features, source));
  if (with_bias) {
    bias_ = register_parameter("bias", drawn({out_features}, init, init.bias_scale, in_features, out_features, source));
  }
}

Tensor Linear::forward(const Tensor& x) const {
  return at::linear(x, weight_.to(x.scalar_type()), bias_.defined() ? bias_.to(x.scalar_type()) : bias_);
}

Conv2d::Conv2d(const ConvOptions& options, const Init& init, const WeightSource& source) : options_(options) {
  const int64_t k = options.kernel;
  if (k > 0) {
    const int64_t fan_in = options.in_channels * k * k, fan_out = options.out_channels * k * k;
    weight_ = register_parameter(
        "weight", drawn({options.out_channels, options.in_channels, k, k}, init, init.scale, fan_in, fan_out, source));
    bias_ = register_parameter("bias", drawn({options.out_channels}, init, init.bias_scale, fan_in, fan_out, source));
  }
  if (options.resample != Resample::kNone) {
    resample_filter_ = register_buffer("resample_filter", normalised_filter(options.resample_filter));
    box_filter_ = options.resample_filter == std::vector<double>{1, 1};
  }
}

void Conv2d::freeze(torch::ScalarType dtype, torch::MemoryFormat format, double scale) {
  if (!weight_.defined()) return;
  frozen_weight_ = (weight_.detach() * scale).to(dtype).contiguous(format);
  frozen_bias_ = (bias_.detach() * scale).to(dtype);
}

Tensor Conv2d::filtered(const Tensor& x, int64_t padding) const {
  const bool up = options_.resample == Resample::kUp;
  if (box_filter_ && padding == 0) {
    return up ? at::upsample_nearest2d(x, {2 * x.size(2), 2 * x.size(3)}) : at::avg_pool2d(x, 2);
  }
  const int64_t channels = x.size(1);
  const Tensor filter = resample_filter_.to(x.scalar_type());
  if (up) {
    return at::conv_transpose2d(x, (filter * 4).repeat({channels, 1, 1, 1}), {}, 2, padding, 0, channels);
  }
  return at::conv2d(x, filter.repeat({channels, 1, 1, 1}), {}, 2, padding, 1, channels);
}

Tensor Conv2d::resampled(const Tensor& x) const {
  if (options_.resample == Resample::kNone) return x;
  return filtered(x, (resample_filter_.size(-1) - 1) / 2);
}

// Both orders are the same linear map away from the border; the peers' paddings decide what happens there.
Tensor Conv2d::fused(const Tensor& x, const Tensor& weight) const {
  const int64_t filter_pad = (resample_filter_.size(-1) - 1) / 2, weight_pad = options_.kernel / 2;
  if (options_.resample == Resample::kUp) {
    return at::conv2d(filtered(x, std::max<int64_t>(filter_pad - weight_pad, 0)), weight, {}, 1,
                      std::max<int64_t>(weight_pad - filter_pad, 0));
  }
  return filtered(at::conv2d(x, weight, {}, 1, weight_pad + filter_pad), 0);
}

Tensor Conv2d::forward(const Tensor& x) const {
  if (!weight_.defined()) return resampled(x);
  const torch::ScalarType dtype = x.scalar_type();
  const bool frozen = frozen_weight_.defined() && frozen_weight_.scalar_type() == dtype;
  const Tensor weight = frozen ? frozen_weight_ : weight_.to(dtype);
  const Tensor bias = frozen ? frozen_bias_ : bias_.to(dtype);
  if (options_.fused_resample && options_.resample != Resample::kNone) {
    return fused(x, weight) + bias.reshape({1, -1, 1, 1});
  }
  return at::conv2d(resampled(x), weight, bias, 1, options_.kernel / 2);
}

GroupNorm::GroupNorm(int64_t channels, double eps, const WeightSource& source)
    : groups_(std::min<int64_t>(32, std::max<int64_t>(channels / 4, 1))), eps_(eps) {
  if (channels % groups_ != 0) {
    throw usage_error(
        fmt::format("a normalisation over {} channels needs {} equal groups; choose model_channels and "
                    "channel_mult so that every level has a multiple of 32 channels, or at most 128",
                    channels, groups_));
  }
  weight_ = register_parameter("weight", torch::ones({channels}, source.device));
  bias_ = register_parameter("bias", torch::zeros({channels}, source.device));
}

Tensor GroupNorm::forward(const Tensor& x) const {
  if (x.scalar_type() == weight_.scalar_type() || x.is_cpu()) return at::group_norm(x, groups_, weight_, bias_, eps_);
  return at::group_norm(x.to(weight_.scalar_type()), groups_, weight_, bias_, eps_).to(x.scalar_type());
}

Tensor activated(const std::shared_ptr<GroupNorm>& norm, const Tensor& x) {
  return norm ? silu_of_own(norm->forward(x)) : at::silu(x);
}

UNetBlock::UNetBlock(const UNetBlockOptions& options, const WeightSource& source) : options_(options) {
  const int64_t in = options.in_channels, out = options.out_channels;
  const auto norm = [&](const char* name, int64_t channels) {
    if (!options.normalise) return std::shared_ptr<GroupNorm>();
    return register_module(name, std::make_shared<GroupNorm>(channels, options.eps, source));
  };
  norm0_ = norm("norm0", in);
  ConvOptions conv{in, out, 3, options.resample, options.resample_filter};
  conv0_ = register_module("conv0", std::make_shared<Conv2d>(conv, options.init, source));
  affine_ = register_module("affine",
                            std::make_shared<Linear>(options.emb_channels, options.adaptive_scale ? 2 * out : out, true,
                                                     options.init, source));
  norm1_ = norm("norm1", out);
  conv1_ = register_module("conv1", std::make_shared<Conv2d>(ConvOptions{out, out, 3}, options.init_zero, source));
  if (out != in || options.resample != Resample::kNone) {
    conv.kernel = options.resample_proj || out != in ? 1 : 0;
    skip_ = register_module("skip", std::make_shared<Conv2d>(conv, options.init, source));
  }
  if (options.num_heads > 0) {
    norm2_ = norm("norm2", out);
    qkv_ = register_module("qkv",
                           std::make_shared<Conv2d>(ConvOptions{out, 3 * out, 1}, options.init_attention, source));
    proj_ = register_module("proj", std::make_shared<Conv2d>(ConvOptions{out, out, 1}, options.init_zero, source));
  }
}

Tensor UNetBlock::forward(const Tensor& x, const Tensor& emb, DropoutStream* dropout) const {
  if (!recompute_ || !at::GradMode::is_enabled()) return run(x, x, emb, dropout);
  const auto block = [self = shared_from_this(), this](const Tensor& skip, const Tensor& branch,
                                                       const Tensor& embedding, DropoutStream* stream) {
    return run(skip, branch, embedding, stream);
  };
  return recomputed(block, x, emb, dropout);
}

Tensor UNetBlock::run(const Tensor& skip, const Tensor& branch, const Tensor& emb, DropoutStream* dropout) const {
  Tensor h = modulated(conv0_->forward(activated(norm0_, branch)), emb);
  if (dropout != nullptr) h = dropout->drop(h, options_.dropout);
  h = residual_sum(conv1_->forward(h), skip_ ? skip_->forward(skip) : skip, skip_ && skip_->has_weight());
  return options_.num_heads > 0 ? attended(h) : h;
}

Tensor UNetBlock::modulated(Tensor h, const Tensor& emb) const {
  const Tensor shift_scale = affine_->forward(emb).to(h.scalar_type()).unsqueeze(2).unsqueeze(3);
  if (!options_.adaptive_scale) return activated(norm1_, h.add_(shift_scale));
  const auto parts = shift_scale.chunk(2, 1);  // scale, shift
  return silu_of_own(at::addcmul(parts[1], norm1_ ? norm1_->forward(h) : h, parts[0] + 1));
}

Tensor UNetBlock::residual_sum(Tensor branch, const Tensor& skip, bool skip_frozen) const {
  if (branch.scalar_type() == frozen_dtype_) return branch.add_(skip, skip_frozen ? 1 : options_.skip_scale);
  branch.add_(skip);
  return options_.skip_scale != 1 ? branch.mul_(options_.skip_scale) : branch;
}

void UNetBlock::freeze(torch::ScalarType dtype, torch::MemoryFormat format) {
  frozen_dtype_ = dtype;
  conv0_->freeze(dtype, format, 1);
  conv1_->freeze(dtype, format, options_.skip_scale);
  if (skip_) skip_->freeze(dtype, format, options_.skip_scale);
  if (options_.num_heads == 0) return;
  qkv_->freeze(dtype, format, 1);
  proj_->freeze(dtype, format, options_.skip_scale);
}

// The reference interleaves q, k and v channel by channel: index = (head * C/heads + c) * 3 + which.
Tensor UNetBlock::attended(const Tensor& x) const {
  const int64_t batch = x.size(0), heads = options_.num_heads, channels = x.size(1) / heads;
  const torch::ScalarType dtype = x.scalar_type();
  const torch::ScalarType soft_max_dtype = dtype == torch::kFloat64 ? torch::kFloat64 : torch::kFloat32;
  const auto parts =
      qkv_->forward(norm2_ ? norm2_->forward(x) : x).contiguous().reshape({batch * heads, channels, 3, -1}).unbind(2);
  const Tensor query = parts[0].to(soft_max_dtype).transpose(1, 2);
  const Tensor key = (parts[1] / std::sqrt(static_cast<double>(channels))).to(soft_max_dtype);
  const Tensor weights = at::bmm(query, key).softmax(2).to(dtype);  // [B heads, query, key]
  const Tensor mixed = at::bmm(parts[2], weights.transpose(1, 2));  // [B heads, C/heads, query]
  const Tensor projected = proj_->forward(mixed.reshape(x.sizes()).contiguous(x.suggest_memory_format()));
  return residual_sum(projected, x, false);
}

void freeze_convolutions(torch::nn::Module& module, torch::ScalarType dtype, torch::MemoryFormat format) {
  for (const auto& part : module.modules()) {
    if (auto* conv = part->as<Conv2d>()) conv->freeze(dtype, format, 1);
  }
  for (const auto& part : module.modules()) {
    if (auto* block = part->as<UNetBlock>()) block->freeze(dtype, format);
  }
}

void recompute_blocks(torch::nn::Module& module) {
  for (const auto& part : module.modules()) {
    if (auto* block = part->as<UNetBlock>()) block->recompute_in_backward();
  }
}

Tensor positional_embedding(const Tensor& labels, int64_t channels, bool endpoint, int64_t max_positions) {
  const int64_t half = channels / 2, spans = half - (endpoint ? 1 : 0);
  const Tensor index = torch::arange(half, labels.options());
  const Tensor frequencies = torch::pow(1.0 / static_cast<double>(max_positions), index / static_cast<double>(spans));
  const Tensor angles = labels.outer(frequencies);
  return torch::cat({angles.cos(), angles.sin()}, 1);
}

FourierEmbedding::FourierEmbedding(int64_t channels, const WeightSource& source, double scale) {
  const Init init{Init::Kind::kKaimingNormal, scale, 0};  // fan 1: scale * N(0, 1)
  freqs_ = register_buffer("freqs", drawn({channels / 2}, init, scale, 1, 1, source));
}

Tensor FourierEmbedding::forward(const Tensor& labels) const {
  const Tensor angles = labels.outer(freqs_.to(labels.scalar_type()) * (2 * std::numbers::pi));
  return torch::cat({angles.cos(), angles.sin()}, 1);
}

}  // namespace farfield
