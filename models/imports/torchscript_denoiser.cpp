#include <new>
#include <sstream>
#include <stdexcept>

#include <fmt/format.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/python/update_graph_executor_opt.h>
#include <torch/csrc/jit/runtime/print_handler.h>
#include <torch/csrc/jit/serialization/import.h>

#include "core/error.h"
#include "core/io/file.h"
#include "core/io/wrong_file.h"
#include "core/log.h"
#include "core/want_of_memory.h"
#include "models/imports/imported_denoiser.h"
#include "models/imports/interpreter_reason.h"
#include "models/imports/module_tensors.h"
#include "models/imports/trusted_file.h"

namespace farfield {
namespace {

// What a module prints is a message, never part of a result on standard output.
void print_as_message(const std::string& text) {
  const std::string_view line = text;
  log::info(line.substr(0, line.find_last_not_of('\n') + 1));
}

torch::jit::Module parsed(const std::string& bytes, torch::Device device) {
  torch::jit::setPrintHandler(print_as_message);
  std::istringstream stream(bytes);
  torch::jit::Module module = torch::jit::load(stream, device);
  check_tensors(module);
  module.eval();
  return module;
}

ImportedCall call_of(torch::jit::Module module, torch::Device device) {
  const auto shared = std::make_shared<torch::jit::Module>(std::move(module));
  return [shared, device](const std::vector<torch::Tensor>& inputs) {
    torch::jit::setGraphExecutorOptimize(device.is_cuda());  // a switch of the calling thread
    const c10::IValue result = shared->forward({inputs.begin(), inputs.end()});
    if (result.isTensor()) return result.toTensor();
    throw std::runtime_error(fmt::format("it returned {}, expected one tensor", result.type()->annotation_str()));
  };
}

}  // namespace

std::unique_ptr<Denoiser> open_torchscript(const std::filesystem::path& path, const ImportOptions& options, bool trust,
                                           torch::Device device) {
  const std::string bytes = read_file(path, kLargestImport);
  check_trust(path, bytes, options.sha256, trust);
  const auto open_on = [&](torch::Device where) {
    return make_imported_denoiser(call_of(parsed(bytes, where), where), options, path, where);
  };
  require_survival(path, options, [&] { return open_on(torch::kCPU); });
  try {
    return open_on(device);
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& error) {
    pass_on_want_of_memory(error);
    const std::string reason = "no TorchScript module that this LibTorch can read: " + first_line(error);
    throw_named(path, FileKind::kTorchScript, bad_file(path.string(), reason));
  }
}

}  // namespace farfield
