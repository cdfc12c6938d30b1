#include "tools/file_description.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/io/file.h"
#include "core/io/json.h"
#include "core/io/npz_reader.h"
#include "core/io/safetensors.h"
#include "core/io/wrong_file.h"
#include "core/io/zip.h"
#include "models/analytic/reference_file.h"
#include "models/networks/checkpoint_manifest.h"
#include "models/networks/native_model.h"

namespace farfield::tools {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

Json tensor_list(const std::map<std::string, torch::Tensor>& tensors) {
  Json list = Json::array();
  for (const auto& [name, tensor] : tensors) {
    list.push_back({{"name", name}, {"dtype", toString(tensor.scalar_type())}, {"shape", tensor.sizes().vec()}});
  }
  return list;
}

// Every array of an .npz; of one that cannot be read, why.
Json array_list(const fs::path& path) {
  const NpzReader arrays(path);
  Json list = Json::array();
  for (const auto& name : arrays.names()) {
    try {
      const NpyContent array = arrays.read(name);
      const auto sizes = array.values.sizes().vec();
      const std::vector<int64_t> shape(sizes.begin(), sizes.end() - (array.texts ? 1 : 0));
      const std::string dtype = array.texts ? fmt::format("text of {}", sizes.back())
                                            : toString(array.values.scalar_type());
      list.push_back({{"name", name}, {"dtype", dtype}, {"shape", shape}});
    } catch (const Error& error) {
      if (error.code() != ExitCode::kBadFile) throw;
      list.push_back({{"name", name}, {"dtype", "unread"}, {"shape", error.what()}});
    }
  }
  return list;
}

Json describe_safetensors(const fs::path& path) {
  TensorFile file = read_as(FileKind::kSafetensors, path, [&] { return read_safetensors(path); });
  Json result;
  const Json tensors = tensor_list(file.tensors);
  result["metadata"] = file.metadata;
  if (is_native_model(file)) {
    const NativeModel model = parse_native_model(std::move(file), path.string());
    result["kind"] = "native network";
    result["preconditioning"] = model.config.precond;
    result["network"] = model.config.network.model_type;
    result["sample shape"] = model.config.network.sample_shape();
    result["classes"] = model.config.network.label_dim;
    result["parameters"] = parameter_count(*model.network);
  } else if (is_reference(file)) {
    const Reference reference = parse_reference(file, path.string());
    const auto* gaussian = std::get_if<GaussianStats>(&reference.stats);
    result["kind"] = gaussian != nullptr ? "fitted Gaussian" : "fitted mixture";
    if (gaussian != nullptr) result["rank"] = gaussian->rank();
    result["sample shape"] = reference.sample_shape;
    result["fitted to"] = reference.source;
  } else {
    result["kind"] = "tensors (neither a network nor a reference of farfield)";
  }
  result["tensors"] = tensors;
  return result;
}

Json describe_zip(const fs::path& path) {
  const ZipReader zip(path);
  Json result;
  result["kind"] = "zip archive; TorchScript and .pt2 packages are ones, and nothing in it was run";
  result["members"] = zip.names().size();
  return result;
}

Json describe_folder(const fs::path& path) {
  Json result;
  if (fs::exists(path / "checkpoints.json")) {
    const CheckpointManifest manifest = read_checkpoint_manifest(path);
    result["kind"] = "training run";
    result["snapshots"] = manifest.snapshots.size();
    result["states"] = manifest.states.size();
    if (const auto newest = newest_valid(path, manifest.snapshots)) {
      result["newest snapshot"] = newest->file;
      result["images seen"] = newest->images;
      result["model"] = describe_safetensors(path / newest->file);
    }
  } else if (fs::exists(path / "run.json")) {
    result["kind"] = "run folder";
    const Json run = parse_json(read_file(path / "run.json", 64 << 20), (path / "run.json").string());
    result["run"] = run;
  } else {
    throw bad_file(path.string(), "is a folder without checkpoints.json or run.json: no run of farfield");
  }
  return result;
}

Json describe(const fs::path& path) {
  if (fs::is_directory(path)) return describe_folder(path);
  const std::string extension = path.extension().string();
  Json result;
  if (extension == ".safetensors") {
    result = describe_safetensors(path);
  } else if (extension == ".npz") {
    result["kind"] = "numpy arrays";
    result["tensors"] = read_as(FileKind::kNpz, path, [&] { return array_list(path); });
  } else if (extension == ".npy") {
    result["kind"] = "numpy array";
    result["tensors"] = read_as(FileKind::kNpy, path, [&] { return tensor_list({{"", read_npy(path)}}); });
  } else if (extension == ".pt" || extension == ".pth" || extension == ".ts") {
    refuse_wrong_file(path, FileKind::kTorchScript);
    result = describe_zip(path);
  } else if (extension == ".pt2" || extension == ".zip") {
    result = read_as(extension == ".zip" ? FileKind::kZip : FileKind::kPackage, path,
                     [&] { return describe_zip(path); });
  } else {
    refuse_wrong_file(path, FileKind::kSafetensors);
    throw bad_file(path.string(), "inspect knows .safetensors, .npz, .npy, .pt, .pt2, .zip and the folders of runs");
  }
  result["bytes"] = fs::file_size(path);
  result["sha256"] = sha256_file(path);
  return result;
}

}  // namespace

std::string describe_file(const fs::path& path) {
  if (!fs::exists(path)) throw io_error(path.string() + ": no such file or folder");
  return dump_json(describe(path));
}

}  // namespace farfield::tools
