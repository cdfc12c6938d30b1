#include "analysis/features/feature_input.h"

#include <fmt/format.h>

#include "analysis/features/pil_resize.h"
#include "core/error.h"
#include "core/io/image.h"
#include "core/text.h"

namespace farfield {
namespace {

void check_samples_finite(const torch::Tensor& samples) {
  const torch::Tensor finite = samples.flatten(1).isfinite().all(1);
  if (finite.all().item<bool>()) return;
  const int64_t first = finite.logical_not().nonzero()[0].item<int64_t>();
  throw numeric_error(
      fmt::format("features: sample {} of a batch of {} holds a value that is not finite", first, samples.size(0)));
}

// A number a channel, [1, C, 1, 1].
torch::Tensor of_channels(const std::vector<double>& values) {
  return torch::tensor(values, torch::kFloat64).to(torch::kFloat32).view({1, -1, 1, 1});
}

}  // namespace

torch::Tensor image_bytes(const torch::Tensor& images) {
  check_samples_finite(images);
  return to_bytes(images).permute({0, 3, 1, 2}).contiguous();
}

torch::Tensor as_seen(const torch::Tensor& samples, bool quantised) {
  if (quantised && samples.dim() == 4) return image_bytes(samples).to(torch::kFloat32).div_(127.5).sub_(1);
  check_samples_finite(samples);
  return samples;
}

torch::Tensor network_input(const torch::Tensor& images, const FeatureContract& contract) {
  torch::Tensor values = contract.quantised ? image_bytes(images) : as_seen(images, false) * 127.5 + 127.5;
  if (contract.channels == 3 && values.size(1) == 1) values = values.expand({-1, 3, -1, -1});
  if (contract.resize == "bicubic") {
    values = contract.rounding == "bytes" ? resize_bicubic_bytes(values, contract.size)
                                          : resize_bicubic(values, contract.size).clamp_(0, 255);
  }
  if (contract.dtype == "uint8") return values.contiguous();
  values = values.to(torch::kFloat32);
  if (contract.low != 0 || contract.high != 255) values = values / 255 * (contract.high - contract.low) + contract.low;
  if (!contract.mean.empty()) values = (values - of_channels(contract.mean)) / of_channels(contract.std);
  return values.contiguous();
}

void check_network_shape(const std::vector<int64_t>& shape, const FeatureContract& contract) {
  const std::string found = "[" + join(shape, ",") + "]";
  if (shape.size() != 3) throw usage_error(fmt::format("features of a network need images; samples are {}", found));
  const int64_t wanted = contract.channels;
  if (wanted != 0 && shape[0] != wanted && !(shape[0] == 1 && wanted == 3))
    throw usage_error(
        fmt::format("features '{}': the network takes {} channels, images are {}", contract.name, wanted, found));
}

}  // namespace farfield
