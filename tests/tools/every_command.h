#pragma once

#include <string>
#include <vector>

#include "tests/support/test_support.h"

namespace farfield::test {

using Arguments = std::vector<std::string>;

// A call of every command, each of a fraction of a second, for sweeps of one fault over all of them.
struct CommandCase {
  std::string name;
  Arguments arguments;  // relative paths: to be run in workplace()
  std::string out;      // what it writes; "" when it prints only
};
std::vector<CommandCase> every_command();

// The same for those that can be stopped, made to run for minutes.
std::vector<CommandCase> every_long_command();

// A folder with what they read: a run with weights of averages (`run`), its config (`c.yaml`), a network (`n.safetensors`).
// A copy for every call, so that sweeps do not see one another.
class Workplace {
 public:
  Workplace();
  std::filesystem::path path() const { return folder_.path(); }
  std::filesystem::path operator/(const std::string& name) const { return folder_ / name; }
  std::vector<std::string> names() const;  // of everything directly in it, sorted

 private:
  TempDir folder_;
};

}  // namespace farfield::test
