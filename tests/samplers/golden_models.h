#pragma once

#include <memory>
#include <string>

#include <nlohmann/json.hpp>

#include "models/denoiser.h"

namespace farfield::test {

// A denoiser of the golden inputs.json as the program's own analytic denoiser, on samples of shape [D].
std::unique_ptr<Denoiser> golden_model(const nlohmann::json& inputs, const std::string& name);

}  // namespace farfield::test
