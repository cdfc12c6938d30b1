#include <stdexcept>

#include <fmt/format.h>

#include "core/io/file.h"
#include "models/imports/imported_denoiser.h"
#include "models/imports/script_module.h"
#include "models/imports/trusted_file.h"

namespace farfield {
namespace {

ImportedCall call_of(ScriptModule module) {
  return [module = std::move(module)](const std::vector<torch::Tensor>& inputs) {
    const ScriptOutputs outputs = module(inputs);
    if (outputs.one_tensor()) return outputs.tensors.front();
    throw std::runtime_error(fmt::format("it returned {}, expected one tensor", outputs.type));
  };
}

}  // namespace

std::unique_ptr<Denoiser> open_torchscript(const std::filesystem::path& path, const ImportOptions& options, bool trust,
                                           torch::Device device) {
  const std::string bytes = read_file(path, kLargestImport);
  check_trust(path, bytes, options.sha256, trust);
  const auto open_on = [&](torch::Device where) {
    return make_imported_denoiser(call_of(ScriptModule(bytes, where)), options, path, where);
  };
  require_survival(path, options, [&] { return open_on(torch::kCPU); });
  try {
    return open_on(device);
  } catch (const std::exception& error) {
    throw_unreadable_script(path, error);
  }
}

}  // namespace farfield
