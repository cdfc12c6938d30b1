#pragma once

#include <string>

#include "models/denoiser.h"

namespace farfield {

// A model and what files and pages say of it.
struct RecordedModel {
  const Denoiser& denoiser;
  std::string text, sha256;  // the MODEL as it was named, and model_sha256() of models/registry/model_registry.h
  std::string precision;     // precision_of(), likewise
};

}  // namespace farfield
