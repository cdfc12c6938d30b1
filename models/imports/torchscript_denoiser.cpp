#include <sstream>

#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/python/update_graph_executor_opt.h>
#include <torch/csrc/jit/serialization/import.h>

#include "core/error.h"
#include "core/io/file.h"
#include "models/imports/imported_denoiser.h"
#include "models/imports/trusted_file.h"

namespace farfield {
namespace {

torch::jit::Module parsed(const std::string& bytes, torch::Device device) {
  std::istringstream stream(bytes);
  torch::jit::Module module = torch::jit::load(stream, device);
  module.eval();
  return module;
}

}  // namespace

std::unique_ptr<Denoiser> open_torchscript(const std::filesystem::path& path, const ImportOptions& options, bool trust,
                                           torch::Device device) {
  const std::string bytes = read_file(path, kLargestImport);
  const bool known_bytes = check_trust(path, bytes, options.sha256, trust);
  if (!known_bytes) probe_in_child(path, [&] { parsed(bytes, torch::kCPU); });
  try {
    const auto module = std::make_shared<torch::jit::Module>(parsed(bytes, device));
    const ImportedCall call = [module, device](const std::vector<torch::Tensor>& inputs) {
      torch::jit::setGraphExecutorOptimize(device.is_cuda());  // a switch of the calling thread
      return module->forward({inputs.begin(), inputs.end()}).toTensor();
    };
    return make_imported_denoiser(call, options, path, device);
  } catch (const std::exception& error) {
    throw bad_file(path.string(), "no TorchScript module that this LibTorch can read: " + first_line(error));
  }
}

}  // namespace farfield
