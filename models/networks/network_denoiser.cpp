#include "models/networks/network_denoiser.h"

#include <algorithm>

#include <ATen/Context.h>

#include "core/error.h"
#include "models/networks/unet_blocks.h"

namespace farfield {
namespace {

using torch::Tensor;

DenoiserInfo info_of(const ModelConfig& config, const Preconditioning& preconditioning, std::string name) {
  DenoiserInfo info;
  info.name = std::move(name);
  info.kind = "network";
  info.sample_shape = config.network.sample_shape();
  info.label_dim = config.network.label_dim;
  info.sigma_min = std::max(config.sigma_min, preconditioning.sigma_min());
  info.sigma_max = std::min(config.sigma_max, preconditioning.sigma_max());
  info.sigma_data = config.sigma_data;
  info.nearest_level = nearest_level_of(preconditioning.name());
  return info;
}

class NetworkDenoiser final : public Denoiser {
 public:
  NetworkDenoiser(PreconditionedNetwork model, DenoiserInfo info) : model_(std::move(model)), info_(std::move(info)) {}
  const DenoiserInfo& info() const override { return info_; }

 private:
  Tensor denoise(const Tensor& x, const Tensor& sigma, const Tensor& labels) const override {
    const torch::Device device = model_.network->parameters().front().device();
    Conditioning conditioning;
    if (labels.defined()) conditioning.class_labels = labels.to(device);
    return model_(x.to(device), sigma, std::move(conditioning)).to(x.options());
  }

  PreconditionedNetwork model_;
  DenoiserInfo info_;
};

// TF32 is a switch of the whole process; nothing else in it computes in float32 on a GPU.
void set_cuda_precision(Precision precision) {
  at::globalContext().setAllowTF32CuDNN(precision == Precision::kTf32);
  at::globalContext().setAllowTF32CuBLAS(precision == Precision::kTf32);
}

}  // namespace

std::unique_ptr<Denoiser> make_network_denoiser(PreconditionedNetwork model, const ModelConfig& config,
                                                std::string name) {
  DenoiserInfo info = info_of(config, *model.preconditioning, std::move(name));
  return std::make_unique<NetworkDenoiser>(std::move(model), std::move(info));
}

std::unique_ptr<Denoiser> make_network_denoiser(NativeModel native, std::string name, torch::Device device,
                                                Precision precision) {
  PreconditionedNetwork model{std::move(native.network),
                              make_preconditioning(native.config.precond, native.config.sigma_data)};
  model.network->to(device);
  for (Tensor& parameter : model.network->parameters()) parameter.requires_grad_(false);
  if (device.is_cuda()) set_cuda_precision(precision);
  if (precision == Precision::kBf16) model.activations = torch::kBFloat16;
  if (precision == Precision::kBf16 || device.is_cpu()) {
    model.format = native.config.network.memory_format();
    freeze_convolutions(*model.network, model.activations, model.format);
  }
  return make_network_denoiser(std::move(model), native.config, std::move(name));
}

}  // namespace farfield
