#include "models/networks/native_model.h"

#include <fmt/format.h>

#include "core/error.h"
#include "core/io/wrong_file.h"
#include "models/networks/native_names.h"
#include "models/networks/networks.h"

namespace farfield {
namespace {

using torch::Tensor;
constexpr const char* kPrefix = "model.";

std::string describe(torch::ScalarType dtype, torch::IntArrayRef shape) {
  std::string text = fmt::format("{} [", toString(dtype));
  for (size_t i = 0; i < shape.size(); ++i) text += fmt::format("{}{}", i > 0 ? "," : "", shape[i]);
  return text + "]";
}

// Whether a tensor of a file can be the expected one: its dtype, or half precision, which float32 holds exactly.
bool fits(const Tensor& got, const Tensor& expected) {
  const torch::ScalarType dtype = got.scalar_type(), wanted = expected.scalar_type();
  const bool widens = wanted == torch::kFloat32 && (dtype == torch::kFloat16 || dtype == torch::kBFloat16);
  return got.sizes() == expected.sizes() && (dtype == wanted || widens);
}

// The differences between a file's tensors and what its config asks for, all of them, one line each.
class Differences {
 public:
  void add(std::string text) { list_.push_back(std::move(text)); }
  bool any() const { return !list_.empty(); }
  // `hint` ends the message.
  void throw_if_any(std::string_view file, const std::string& hint = "") const {
    constexpr size_t kShown = 20;
    if (list_.empty()) return;
    std::string text = fmt::format("{} tensor{} not as the config says: ", list_.size(),
                                   list_.size() == 1 ? " is" : "s are");
    for (size_t i = 0; i < std::min(list_.size(), kShown); ++i) text += (i > 0 ? "; " : "") + list_[i];
    if (list_.size() > kShown) text += fmt::format("; and {} more", list_.size() - kShown);
    throw bad_file(file, text + hint);
  }

 private:
  std::vector<std::string> list_;
};

void compare_shapes(const ModelConfig& config, const std::map<std::string, Tensor>& expected,
                    const std::map<std::string, Tensor>& got, std::string_view file) {
  Differences differences;
  for (const auto& [name, tensor] : expected) {
    const auto found = got.find(name);
    if (found == got.end()) {
      differences.add(fmt::format("missing {} {}", name, describe(tensor.scalar_type(), tensor.sizes())));
    } else if (!fits(found->second, tensor)) {
      differences.add(fmt::format("{} is {}, expected {}", name,
                                  describe(found->second.scalar_type(), found->second.sizes()),
                                  describe(tensor.scalar_type(), tensor.sizes())));
    }
  }
  for (const auto& [name, tensor] : got) {
    if (!expected.contains(name)) {
      differences.add(fmt::format("unexpected {} {}", name, describe(tensor.scalar_type(), tensor.sizes())));
    }
  }
  if (differences.any()) differences.throw_if_any(file, hint_for_names(config, got));
}

// Tensors that the config fixes: resampling filters and noise tables.
bool is_derived(const std::string& name) { return name.ends_with(".resample_filter") || !name.starts_with(kPrefix); }

// Whether a tensor has the values of a float32 one, rounded to its own dtype.
bool near(const Tensor& tensor, const Tensor& expected) {
  const torch::ScalarType dtype = tensor.scalar_type();
  const double tolerance = dtype == torch::kBFloat16 ? 1e-2 : dtype == torch::kFloat16 ? 1e-3 : 1e-4;
  return tensor.to(torch::kFloat32).allclose(expected, tolerance, 1e-6);
}

void compare_values(const std::map<std::string, Tensor>& expected, const std::map<std::string, Tensor>& got,
                    std::string_view file) {
  Differences differences;
  for (const auto& [name, tensor] : got) {
    if (!tensor.isfinite().all().item<bool>()) {
      differences.add(name + " holds values that are not finite");
    } else if (is_derived(name) && !near(tensor, expected.at(name))) {
      differences.add(name + " has other values than the config gives");
    }
  }
  differences.throw_if_any(file);
}

}  // namespace

NativeModel make_native_model(const ModelConfig& config, at::Generator generator) {
  const int64_t factor = make_preconditioning(config.precond, config.sigma_data)->output_channels_factor();
  return {config, make_network(config.network, std::move(generator), factor)};
}

bool is_native_model(const TensorFile& file) { return file.metadata.contains("precond"); }

NativeModel parse_native_model(TensorFile file, std::string_view name) {
  for (const char* key : {"precond", "config"}) {
    if (!file.metadata.contains(key)) {
      throw bad_file(name,
                     fmt::format("no network of farfield: the metadata has no '{}'; a state dict of other code is "
                                 "converted by tools/convert/edm_pickle.py (docs/formats.md)",
                                 key));
    }
  }
  const ModelConfig config = ModelConfig::parse(file.metadata.at("precond"), file.metadata.at("config"), name);
  const auto expected = expected_tensors(config);
  compare_shapes(config, expected, file.tensors, name);
  compare_values(expected, file.tensors, name);

  const int64_t factor = make_preconditioning(config.precond, config.sigma_data)->output_channels_factor();
  NativeModel model{config, build_network(config.network, {{}, torch::kCPU}, factor)};
  for (auto& [key, tensor] : named_tensors(config, *model.network)) {
    if (key.starts_with(kPrefix)) tensor.set_data(file.tensors.at(key).to(torch::kFloat32));
  }
  return model;
}

NativeModel read_native_model(const std::filesystem::path& path) {
  const FileKind kind = file_kind(path);
  if (kind == FileKind::kTorchScript || kind == FileKind::kPackage) {
    throw bad_file(path.string(),
                   "is TorchScript or a .pt2 package, which only run as they are; the weights of a native "
                   "network file are needed here");
  }
  return parse_native_model(read_as(FileKind::kSafetensors, path, [&] { return read_safetensors(path); }),
                            path.string());
}

TensorFile to_tensor_file(const ModelConfig& config, const Network& network,
                          std::map<std::string, std::string> metadata) {
  TensorFile file;
  for (const auto& [name, tensor] : named_tensors(config, network)) {
    file.tensors[name] = tensor.detach().to(torch::kCPU);
  }
  file.metadata = std::move(metadata);
  file.metadata["precond"] = config.reference_class();
  file.metadata["config"] = config.json();
  return file;
}

std::string write_native_model(const std::filesystem::path& path, const ModelConfig& config, const Network& network,
                               std::map<std::string, std::string> metadata) {
  return write_safetensors(path, to_tensor_file(config, network, std::move(metadata)));
}

int64_t parameter_count(const Network& network) {
  int64_t count = 0;
  for (const Tensor& parameter : network.parameters()) count += parameter.numel();
  return count;
}

}  // namespace farfield
