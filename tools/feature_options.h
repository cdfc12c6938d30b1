#pragma once

#include <filesystem>
#include <string>

#include "core/run/run_info.h"

namespace farfield::tools {

// The network that FEATURES names; empty where it names none.
std::filesystem::path feature_network(const std::string& features);
// Its SHA-256, for the key of finished parts; "" without one.
std::string features_sha256(const std::string& features);
// Puts the network and its YAML on record as inputs.
void add_network(RunInfo& info, const std::string& features);

}  // namespace farfield::tools
