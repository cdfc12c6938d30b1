#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include <torch/types.h>
#include <nlohmann/json.hpp>

namespace farfield::test {

nlohmann::json read_json(const std::filesystem::path& path);
// Nested lists of numbers as float64.
torch::Tensor to_tensor(const nlohmann::json& numbers);

// The three denoisers of the golden inputs.json, evaluated as plainly as their formulas are written, on x [B, D] in
// float64: what the real ones are checked against.
std::function<torch::Tensor(const torch::Tensor&, double)> golden_denoiser(const nlohmann::json& inputs,
                                                                           const std::string& name);
torch::Tensor golden_latents(const nlohmann::json& inputs, const std::string& name);  // [4, D]

}  // namespace farfield::test
