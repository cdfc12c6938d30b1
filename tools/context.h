#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace farfield::tools {

// What every command shares: the options with the same meaning everywhere, and the work chosen by the command line.
struct Context {
  std::vector<std::string> command_line;
  std::string device = "auto", precision = "auto";
  int threads = 0;  // 0: as many as this process may use
  bool trust = false, force = false, quiet = false, json = false;
  bool over_ranks = false;                // the command named shares its work over the ranks of a group (core/comm.h)
  std::function<void()> run;              // set by the subcommand that was named
  const CLI::App* command = nullptr;      // that subcommand
  std::vector<std::string> config_texts;  // the values of a --config that may name inputs
  std::map<std::string, std::string> config_places;  // "--steps" -> "run.yaml:3:1", of the options that a config gave
  std::map<std::string, std::set<std::string>> config_inputs;  // SHA-256 by role, of a run that is made again
};

}  // namespace farfield::tools
