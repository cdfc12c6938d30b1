#include <cstdlib>
#include <new>
#include <optional>
#include <stdexcept>

#include <fmt/format.h>
#include <torch/csrc/inductor/aoti_package/model_package_loader.h>

#include "core/error.h"
#include "core/io/file.h"
#include "core/io/wrong_file.h"
#include "core/io/zip.h"
#include "core/want_of_memory.h"
#include "models/imports/imported_denoiser.h"
#include "models/imports/interpreter_reason.h"
#include "models/imports/trusted_file.h"

namespace farfield {
namespace {

using Loader = torch::inductor::AOTIModelPackageLoader;

// While it lives, temporary files of libraries go into a folder that we remove.
class TemporaryFolder {
 public:
  explicit TemporaryFolder(const std::filesystem::path& folder) {
    if (const char* now = std::getenv(kName)) before_ = now;
    setenv(kName, folder.c_str(), 1);
  }
  ~TemporaryFolder() {
    if (before_)
      setenv(kName, before_->c_str(), 1);
    else
      unsetenv(kName);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

 private:
  static constexpr const char* kName = "TMPDIR";
  std::optional<std::string> before_;
};

// A loader and the folder that it unpacks into: the copy of the package is there, and both go when the last use ends. The
// folder is made in the parent of a trial, so that nothing stays of a child that crashes.
struct Package {
  std::shared_ptr<PrivateCopy> copy;
  std::unique_ptr<Loader> loader;
};

// LibTorch's extractor writes members wherever their names lead: a package with '..', absolute names or links in it is
// refused here, before it is unpacked.
void check_members(const std::filesystem::path& copy, const std::filesystem::path& path) {
  try {
    const ZipReader checked(copy);
  } catch (const Error& error) {
    const std::string shown = copy.string() + ": ", what = error.what();
    throw bad_file(path.string(), what.starts_with(shown) ? what.substr(shown.size()) : what);
  }
}

std::shared_ptr<Package> unpacked(std::shared_ptr<PrivateCopy> copy, torch::Device device) {
  auto package = std::make_shared<Package>();
  package->copy = std::move(copy);
  const c10::DeviceIndex index = device.is_cuda() ? device.index() : static_cast<c10::DeviceIndex>(-1);
  const TemporaryFolder here(package->copy->path().parent_path());
  package->loader = std::make_unique<Loader>(package->copy->path().string(), "model", false, 1, index);
  return package;
}

void check_device(Loader& loader, const std::filesystem::path& path, torch::Device device) {
  const auto metadata = loader.get_metadata();
  const auto built_for = metadata.find("AOTI_DEVICE_KEY");
  if (built_for != metadata.end() && built_for->second != (device.is_cuda() ? "cuda" : "cpu")) {
    throw usage_error(fmt::format("{}: was compiled for device '{}'; run it with --device {}", path.string(),
                                  built_for->second, built_for->second));
  }
}

ImportedCall call_of(std::shared_ptr<Package> package) {
  return [package = std::move(package)](const std::vector<torch::Tensor>& inputs) {
    const std::vector<torch::Tensor> outputs = package->loader->run(inputs);
    if (outputs.size() == 1) return outputs.front();
    throw std::runtime_error(fmt::format("it returned {} tensors, expected one", outputs.size()));
  };
}

}  // namespace

std::unique_ptr<Denoiser> open_package(const std::filesystem::path& path, const ImportOptions& options, bool trust,
                                       torch::Device device) {
  const std::string bytes = read_file(path, kLargestImport);
  check_trust(path, bytes, options.sha256, trust);
  // The loader opens a path: these are the bytes that were checked.
  const auto copy = std::make_shared<PrivateCopy>(bytes, "model.pt2");
  const auto open = [&]() -> std::unique_ptr<Denoiser> {
    std::shared_ptr<Package> package = unpacked(copy, device);
    check_device(*package->loader, path, device);
    return make_imported_denoiser(call_of(std::move(package)), options, path, device);
  };
  return read_as(FileKind::kPackage, path, [&] {
    check_members(copy->path(), path);
    if (device.is_cpu()) require_survival(path, options, open);
    try {
      return open();
    } catch (const Error&) {
      throw;
    } catch (const std::bad_alloc&) {
      throw;
    } catch (const std::exception& error) {
      pass_on_want_of_memory(error);
      throw bad_file(path.string(), "no AOTInductor package that this LibTorch can run: " + first_line(error));
    }
  });
}

}  // namespace farfield
