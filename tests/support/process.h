#pragma once

#include <string>
#include <vector>

namespace farfield::test {

struct ProcessResult {
  int exit_code = -1;  // 128 + signal when one ended it
  std::string out, err;
};

// Runs a program with its standard streams captured; `environment` holds "NAME=value" additions, `directory` is where it
// runs ("" = here). Standard input is empty.
ProcessResult run_program(const std::vector<std::string>& command, const std::vector<std::string>& environment = {},
                          const std::string& directory = "");

// run_program of build/farfield.
ProcessResult run_farfield(std::vector<std::string> arguments, const std::vector<std::string>& environment = {},
                           const std::string& directory = "");

}  // namespace farfield::test
