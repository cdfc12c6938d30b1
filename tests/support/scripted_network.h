#pragma once

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include <torch/csrc/jit/api/module.h>

#include "tests/support/files.h"

namespace farfield::test {

// A TorchScript file whose forward is `source`, "def forward(self, x):\n  return ..."; with `yaml` beside it where it is not
// empty.
inline std::filesystem::path save_network(const std::filesystem::path& path, const std::string& source,
                                          const std::string& yaml = "") {
  torch::jit::Module module("M");
  module.register_attribute("training", c10::BoolType::get(), false);
  module.define(source);
  std::stringstream stream;
  module.save(stream);
  std::ofstream(path, std::ios::binary) << stream.str();
  if (!yaml.empty()) put(std::filesystem::path(path).replace_extension(".yaml"), yaml);
  return path;
}

}  // namespace farfield::test
