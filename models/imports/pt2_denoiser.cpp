#include <fmt/format.h>
#include <torch/csrc/inductor/aoti_package/model_package_loader.h>

#include "core/error.h"
#include "core/io/file.h"
#include "models/imports/imported_denoiser.h"
#include "models/imports/trusted_file.h"

namespace farfield {

std::unique_ptr<Denoiser> open_package(const std::filesystem::path& path, const ImportOptions& options, bool trust,
                                       torch::Device device) {
  using Loader = torch::inductor::AOTIModelPackageLoader;
  const std::string bytes = read_file(path, kLargestImport);
  const bool known_bytes = check_trust(path, bytes, options.sha256, trust);
  const PrivateCopy copy(bytes, "model.pt2");  // the loader opens a path; these are the bytes that were checked
  const auto load = [&] {
    const c10::DeviceIndex index = device.is_cuda() ? device.index() : static_cast<c10::DeviceIndex>(-1);
    return std::make_shared<Loader>(copy.path().string(), "model", false, 1, index);
  };
  if (!known_bytes && device.is_cpu()) probe_in_child(path, [&] { load(); });
  try {
    const std::shared_ptr<Loader> loader = load();
    const auto metadata = loader->get_metadata();
    const auto built_for = metadata.find("AOTI_DEVICE_KEY");
    if (built_for != metadata.end() && built_for->second != (device.is_cuda() ? "cuda" : "cpu")) {
      throw usage_error(fmt::format("{}: was compiled for device '{}'; run it with --device {}", path.string(),
                                    built_for->second, built_for->second));
    }
    return make_imported_denoiser(
        [loader](const std::vector<torch::Tensor>& inputs) {
          const std::vector<torch::Tensor> outputs = loader->run(inputs);
          return outputs.size() == 1 ? outputs.front() : torch::Tensor();
        },
        options, path, device);
  } catch (const Error&) {
    throw;
  } catch (const std::exception& error) {
    throw bad_file(path.string(), "no AOTInductor package that this LibTorch can run: " + first_line(error));
  }
}

}  // namespace farfield
