#pragma once

#include <torch/csrc/jit/api/module.h>

namespace farfield {

// What LibTorch does not check when it loads a module: that every tensor of it (parameters, buffers, attributes,
// constants of its code) lies within its storage. std::runtime_error naming the first that does not.
void check_tensors(const torch::jit::Module& module);

}  // namespace farfield
