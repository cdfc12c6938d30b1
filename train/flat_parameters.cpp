#include "train/flat_parameters.h"

#include "core/error.h"
#include "train/nonfinite.h"

namespace farfield {
namespace {

constexpr int64_t kAlignment = 64 / sizeof(float);

torch::Tensor slot_view(const torch::Tensor& flat, const ParameterSlot& slot) {
  const auto values = flat.narrow(0, slot.offset, slot.size);
  const auto& shape = slot.shape;  // of a convolution [out, in, height, width]
  if (shape.size() != 4) return values.view(shape);
  return values.view({shape[0], shape[2], shape[3], shape[1]}).permute({0, 3, 1, 2});
}

}  // namespace

FlatParameters::FlatParameters(torch::nn::Module& module) {
  torch::NoGradGuard no_grad;
  int64_t end = 0;
  for (const auto& item : module.named_parameters()) {
    check(item.value().scalar_type() == torch::kFloat32, "parameters are float32");
    slots_.push_back({item.key(), item.value().sizes().vec(), end, item.value().numel()});
    parameters_.push_back(item.value());
    end += (item.value().numel() + kAlignment - 1) / kAlignment * kAlignment;
  }
  check(!parameters_.empty(), "a module to be trained has parameters");
  values_ = torch::zeros({end}, parameters_.front().options().requires_grad(false));
  for (size_t i = 0; i < slots_.size(); ++i) {
    const auto view = slot_view(values_, slots_[i]);
    view.copy_(parameters_[i]);
    parameters_[i].set_data(view);
  }
}

void FlatParameters::collect_gradients() {
  gradients_ = torch::zeros_like(values_);
  for (size_t i = 0; i < slots_.size(); ++i) parameters_[i].mutable_grad() = slot_view(gradients_, slots_[i]);
}

int64_t FlatParameters::parameter_count() const {
  int64_t count = 0;
  for (const auto& slot : slots_) count += slot.size;
  return count;
}

std::map<std::string, torch::Tensor> FlatParameters::named(const torch::Tensor& flat, const std::string& prefix) const {
  std::map<std::string, torch::Tensor> tensors;
  for (const auto& slot : slots_) tensors.emplace(prefix + slot.name, slot_view(flat, slot));
  return tensors;
}

std::string FlatParameters::first_not_finite(const torch::Tensor& flat) const {
  if (all_finite(flat)) return "";
  for (const auto& slot : slots_) {
    if (!all_finite(slot_view(flat, slot))) return slot.name;
  }
  return "";
}

}  // namespace farfield
