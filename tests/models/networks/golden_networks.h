#pragma once

#include <filesystem>
#include <fstream>

#include <nlohmann/json.hpp>

#include "core/io/safetensors.h"
#include "models/networks/native_model.h"

namespace farfield::test {

// networks_index.json of the golden folder.
inline nlohmann::json network_index(const std::filesystem::path& golden) {
  std::ifstream stream(golden / "networks" / "networks_index.json");
  return nlohmann::json::parse(stream);
}

// One case's weights: some are a larger network's file less some tensors, under a config of their own.
inline NativeModel golden_network(const std::filesystem::path& golden, const nlohmann::json& entry) {
  const std::string file_name = entry.at("safetensors");
  TensorFile file = read_safetensors(golden / "networks" / file_name);
  for (const auto& name : entry.at("unused_tensors")) file.tensors.erase(name.get<std::string>());
  file.metadata["precond"] = entry.at("precond");
  file.metadata["config"] = entry.at("config").dump();
  return parse_native_model(std::move(file), file_name);
}

}  // namespace farfield::test
