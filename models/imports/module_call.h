#pragma once

#include <functional>
#include <string>
#include <vector>

#include <torch/types.h>

#include "models/imports/imported_model.h"

namespace farfield {

// The foreign module: float32 tensors on its device in, one tensor out. It may do to its inputs what it likes.
using ImportedCall = std::function<torch::Tensor(const std::vector<torch::Tensor>&)>;

// What a module is called with and what has to come back.
struct ModuleCall {
  std::vector<torch::Tensor> inputs;  // x, level [B] and perhaps labels [B,K]
  std::vector<int64_t> result_shape;
};

// A result that is ours alone, float32 on the inputs' device; `problem` says what is wrong with it otherwise: it raised
// (its own words), the result is sparse, complex, of another shape, not finite, ...
struct ModuleResult {
  torch::Tensor tensor;
  std::string problem;
};

// "[2,1,8,8]"
std::string shape_text(torch::IntArrayRef shape);

// Calls the module with copies of the inputs. Want of memory is thrown as Error(kMemory).
ModuleResult call_module(const ImportedCall& module, const ModuleCall& call);

// What to try where the way of calling is the likely cause of `problem`: "; HINT", or "". Found from its words, and by
// calling the module in other ways in a child process: sigma of another shape or dtype, half precision, another batch.
std::string advice_for(const ImportedCall& module, const ModuleCall& call, const ImportOptions& options,
                       const std::string& problem);

}  // namespace farfield
