#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <torch/nn/module.h>
#include <torch/types.h>

namespace farfield {

// Where the parameters of a module lie in a flat buffer: each starts at a multiple of 64 bytes, in the module's order.
struct ParameterSlot {
  std::string name;
  std::vector<int64_t> shape;
  int64_t offset = 0, size = 0;  // in elements
};

// The parameters of a module as views of one float32 buffer, so that optimiser, averaging, checks and the exchange
// between ranks are single operations on [n]. The module computes on the same memory. Weights of convolutions lie there
// channels last, as their inputs do, so that no step converts a layout.
class FlatParameters {
 public:
  // Moves the module's parameters (float32, any device) into a buffer.
  explicit FlatParameters(torch::nn::Module& module);

  // Makes every parameter accumulate its gradient into a view of gradients().
  void collect_gradients();

  torch::Tensor& values() { return values_; }
  const torch::Tensor& values() const { return values_; }
  torch::Tensor& gradients() { return gradients_; }
  const std::vector<ParameterSlot>& slots() const { return slots_; }
  const torch::Tensor& parameter(size_t slot) const { return parameters_[slot]; }
  int64_t parameter_count() const;  // without the gaps between slots

  // Each slot of a buffer like values(), under its name with `prefix`: views, not copies.
  std::map<std::string, torch::Tensor> named(const torch::Tensor& flat, const std::string& prefix) const;
  // The name of the first slot that holds a value that is not finite, or "". One pass when all are finite.
  std::string first_not_finite(const torch::Tensor& flat) const;

 private:
  std::vector<torch::Tensor> parameters_;
  std::vector<ParameterSlot> slots_;
  torch::Tensor values_, gradients_;
};

}  // namespace farfield
