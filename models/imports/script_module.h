#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <torch/types.h>

namespace torch::jit {
struct Module;
}

namespace farfield {

// What a module's forward() returned: one tensor, or those of a tuple, a list or a dictionary in their order.
struct ScriptOutputs {
  std::vector<torch::Tensor> tensors;
  std::vector<std::string> names;  // the keys of a dictionary; else empty
  std::string type;                // as TorchScript writes it: "Tensor", "Tuple[Tensor, Tensor]", ...
  bool one_tensor() const { return type == "Tensor"; }
};

// A TorchScript module, loaded, in evaluation mode. Copies share it.
class ScriptModule {
 public:
  // `bytes` of a file whose code may run (models/imports/trusted_file.h). Throws what LibTorch throws, and std::runtime_error
  // naming a tensor that does not lie within its storage.
  ScriptModule(const std::string& bytes, torch::Device device);

  // forward(inputs..., flag=True, ...). On the CPU without the profiling executor, which would recompile for every batch size.
  // Throws what the module throws, std::runtime_error where it returns anything else than tensors.
  ScriptOutputs operator()(const std::vector<torch::Tensor>& inputs, const std::vector<std::string>& flags = {}) const;

 private:
  std::shared_ptr<torch::jit::Module> module_;
  torch::Device device_;
};

// Error(bad_file) for what LibTorch said while it read the module in `path`; want of memory as Error(kMemory). What else the
// file might be is said too.
[[noreturn]] void throw_unreadable_script(const std::filesystem::path& path, const std::exception& error);

}  // namespace farfield
