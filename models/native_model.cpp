#include "models/native_model.h"

#include <fmt/format.h>

#include "core/error.h"
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

// All named tensors of the preconditioned network, as in the reference's state_dict.
std::map<std::string, Tensor> named_tensors(const ModelConfig& config, const Network& network) {
  std::map<std::string, Tensor> all;
  for (const auto& entry : network.named_parameters()) all[kPrefix + entry.key()] = entry.value();
  for (const auto& entry : network.named_buffers()) all[kPrefix + entry.key()] = entry.value();
  for (const auto& [name, table] : make_preconditioning(config.precond)->tables()) all[name] = table;
  return all;
}

// The differences between a file's tensors and what its config asks for, all of them, one line each.
class Differences {
 public:
  void add(std::string text) { list_.push_back(std::move(text)); }
  void throw_if_any(std::string_view file) const {
    constexpr size_t kShown = 20;
    if (list_.empty()) return;
    std::string text = fmt::format("{} tensor{} not as the config says: ", list_.size(), list_.size() == 1 ? " is" : "s are");
    for (size_t i = 0; i < std::min(list_.size(), kShown); ++i) text += (i > 0 ? "; " : "") + list_[i];
    if (list_.size() > kShown) text += fmt::format("; and {} more", list_.size() - kShown);
    throw bad_file(file, text);
  }

 private:
  std::vector<std::string> list_;
};

void compare_shapes(const std::map<std::string, Tensor>& expected, const std::map<std::string, Tensor>& got,
                    std::string_view file) {
  Differences differences;
  for (const auto& [name, tensor] : expected) {
    const auto found = got.find(name);
    if (found == got.end()) {
      differences.add(fmt::format("missing {} {}", name, describe(tensor.scalar_type(), tensor.sizes())));
    } else if (found->second.sizes() != tensor.sizes() || found->second.scalar_type() != tensor.scalar_type()) {
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
  differences.throw_if_any(file);
}

// Tensors that the config fixes: resampling filters and noise tables.
bool is_derived(const std::string& name) { return name.ends_with(".resample_filter") || !name.starts_with(kPrefix); }

void compare_values(const std::map<std::string, Tensor>& expected, const std::map<std::string, Tensor>& got,
                    std::string_view file) {
  Differences differences;
  for (const auto& [name, tensor] : got) {
    if (!tensor.isfinite().all().item<bool>()) {
      differences.add(name + " holds values that are not finite");
    } else if (is_derived(name) && !tensor.allclose(expected.at(name), 1e-4, 1e-6)) {
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
      throw bad_file(name, fmt::format("no network: the metadata has no '{}' (see docs/formats.md)", key));
    }
  }
  const ModelConfig config = ModelConfig::parse(file.metadata.at("precond"), file.metadata.at("config"), name);
  const int64_t factor = make_preconditioning(config.precond, config.sigma_data)->output_channels_factor();
  const auto shapes = build_network(config.network, {{}, torch::kMeta}, factor);
  const auto expected = named_tensors(config, *shapes);
  compare_shapes(expected, file.tensors, name);
  compare_values(expected, file.tensors, name);

  NativeModel model{config, build_network(config.network, {{}, torch::kCPU}, factor)};
  for (auto& [key, tensor] : named_tensors(config, *model.network)) {
    if (key.starts_with(kPrefix)) tensor.set_data(file.tensors.at(key));
  }
  return model;
}

NativeModel read_native_model(const std::filesystem::path& path) {
  return parse_native_model(read_safetensors(path), path.string());
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
