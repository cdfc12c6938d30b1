#pragma once

#include <memory>

#include <torch/types.h>

namespace farfield {

// A constant of an immutable model: kept as given, and in another dtype or on another device from its first use there
// on. Safe to use from many threads; copies share what they hold.
class ConstantTensor {
 public:
  explicit ConstantTensor(torch::Tensor original);
  ~ConstantTensor();
  const torch::Tensor& original() const;
  torch::Tensor on(torch::Device device, torch::ScalarType dtype) const;
  torch::Tensor on(torch::Device device) const { return on(device, original().scalar_type()); }

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace farfield
