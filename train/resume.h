#pragma once

#include <string>
#include <vector>

#include "core/data/source.h"
#include "core/io/safetensors.h"

namespace farfield {

constexpr const char* kStateKind = "farfield training state";

// The value under `key` in a state's metadata; bad_file naming `origin` when it is not there.
std::string state_text(const TensorFile& state, const std::string& origin, const std::string& key);

// Compares what a state was trained with (its config and data) with what it is to go on with, and returns the changes
// that `allowed` names, "KEY was A, is now B". usage_error listing every other change, and naming an entry of `allowed`
// that did not change; `data` allows other content of the data. network.* (dropout excepted), preconditioning.name and
// the averages cannot change: the state's tensors are those of the old ones.
std::vector<std::string> changes_on_resume(const TensorFile& state, const std::string& origin,
                                           const std::string& resolved_config, const DataInfo& data,
                                           const std::vector<std::string>& allowed);

}  // namespace farfield
