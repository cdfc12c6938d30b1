#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <torch/types.h>

#include "analysis/features/feature_request.h"
#include "models/imports/script_module.h"

namespace farfield {

// A user's TorchScript network that looks at images as its contract says.
class FeatureNetwork {
 public:
  // bad_file when the file is damaged, crashes or holds up a trial process in which it looks at one image first;
  // Error(kTrust) without consent; usage_error as check_network_shape(). form: network_form() of the request. shape: of one
  // image.
  FeatureNetwork(const FeatureRequest& request, NetworkForm form, const std::vector<int64_t>& shape, bool trust,
                 torch::Device device);

  // All that it gives for images [B, C, H, W] in [-1, 1], float32 on the CPU: dense, finite, a row an image. bad_file naming
  // the network and what it does wrong, with a hint at its dtype where that is it.
  ScriptOutputs outputs(const torch::Tensor& images) const;
  // Of these, the one that the contract names: the only one, that of the name or place. bad_file where there is none.
  torch::Tensor chosen(const ScriptOutputs& outputs) const;

  const NetworkForm& form() const { return form_; }
  const std::filesystem::path& path() const { return path_; }
  void set_dim(int64_t dim) { form_.contract.dim = dim; }

 private:
  ScriptOutputs called(const ScriptModule& module, const torch::Tensor& input) const;

  NetworkForm form_;
  std::filesystem::path path_;
  torch::Device device_;
  std::vector<ScriptModule> module_;  // one, once it has survived its trial
};

}  // namespace farfield
