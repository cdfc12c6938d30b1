#pragma once

#include <limits>
#include <string>
#include <string_view>

#include "models/networks/network.h"

namespace farfield {

// Everything about a network model but its weights.
struct ModelConfig {
  std::string precond = "edm";  // see preconditioning_names()
  double sigma_data = 0.5;      // EDM's; > 0
  double sigma_min = 0;         // the range it was trained for; the preconditioning's own range limits it further
  double sigma_max = std::numeric_limits<double>::infinity();
  NetworkConfig network;

  // The two metadata entries of a native model file: `precond` (NVlabs' class name) and `config` (JSON with NVlabs'
  // keyword arguments). parse() throws bad_file naming `file` for unknown keys, wrong types, and settings that NVlabs'
  // code has but this one does not.
  static ModelConfig parse(const std::string& precond, const std::string& config, std::string_view file);
  std::string reference_class() const;
  std::string json() const;
};

}  // namespace farfield
