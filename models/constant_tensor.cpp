#include "models/constant_tensor.h"

#include <map>
#include <mutex>
#include <string>
#include <utility>

#include <c10/core/InferenceMode.h>

namespace farfield {

struct ConstantTensor::State {
  torch::Tensor original;
  std::mutex mutex;
  std::map<std::pair<std::string, torch::ScalarType>, torch::Tensor> copies;
};

ConstantTensor::ConstantTensor(torch::Tensor original) : state_(std::make_shared<State>()) {
  state_->original = std::move(original);
}

ConstantTensor::~ConstantTensor() = default;

const torch::Tensor& ConstantTensor::original() const { return state_->original; }

torch::Tensor ConstantTensor::on(torch::Device device, torch::ScalarType dtype) const {
  const auto& original = state_->original;
  if (original.device() == device && original.scalar_type() == dtype) return original;
  std::lock_guard lock(state_->mutex);
  auto& copy = state_->copies[{device.str(), dtype}];
  if (!copy.defined()) {
    const c10::InferenceMode no_inference(false);  // kept beyond the caller's mode
    copy = original.to(device, dtype);
  }
  return copy;
}

}  // namespace farfield
