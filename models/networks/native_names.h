#pragma once

#include <map>
#include <string>

#include "models/networks/model_config.h"

namespace farfield {

// All named tensors of the preconditioned network, as in the reference's state_dict.
std::map<std::string, torch::Tensor> named_tensors(const ModelConfig& config, const Network& network);
// Those that a file with this config must hold, without values (device meta), tables aside.
std::map<std::string, torch::Tensor> expected_tensors(const ModelConfig& config);

// What would make the names and shapes in a file fit, for the message that refuses it: "; HINT", or "" when nothing
// near is known. Looks for text in front of all names, and for settings of the config with which fewer tensors differ.
std::string hint_for_names(const ModelConfig& config, const std::map<std::string, torch::Tensor>& got);

}  // namespace farfield
