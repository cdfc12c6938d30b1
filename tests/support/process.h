#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <sys/resource.h>

#include "tests/support/test_support.h"

namespace farfield::test {

struct ProcessResult {
  int exit_code = -1;  // 128 + signal when one ended it
  std::string out, err;
  double cpu_seconds = 0;  // that it took, all threads
  int64_t peak_bytes = 0;  // of memory in use, shared libraries included
};

// A program under way, its standard streams captured and its standard input empty.
class RunningProgram {
 public:
  // As run_program().
  RunningProgram(const std::vector<std::string>& command, const std::vector<std::string>& environment = {},
                 const std::string& directory = "");
  ~RunningProgram();  // kills it when it still runs: a test that failed leaves nothing behind
  RunningProgram(const RunningProgram&) = delete;
  void signal(int number) const;
  int process() const { return child_; }
  bool running();          // false from its end on
  ProcessResult result();  // waits for the end

 private:
  TempDir dir_;
  int child_, status_ = 0;
  rusage usage_ = {};
  bool over_ = false;
};

// Runs a program with its standard streams captured; `environment` holds "NAME=value" additions, `directory` is where it
// runs ("" = here). Standard input is empty.
ProcessResult run_program(const std::vector<std::string>& command, const std::vector<std::string>& environment = {},
                          const std::string& directory = "");

// The command line of build/farfield with these arguments.
std::vector<std::string> farfield_command(std::vector<std::string> arguments);

// run_program of build/farfield.
ProcessResult run_farfield(std::vector<std::string> arguments, const std::vector<std::string>& environment = {},
                           const std::string& directory = "");

}  // namespace farfield::test
