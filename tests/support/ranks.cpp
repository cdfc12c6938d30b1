#include "tests/support/ranks.h"

#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/support/files.h"
#include "tests/support/process.h"

namespace farfield::test {

std::optional<std::vector<std::string>> ranks_command(int ranks, const std::vector<std::string>& arguments) {
  static const bool can = run_farfield({"doctor"}).out.find("mpirun -n") != std::string::npos &&
                          run_program({"mpirun", "--version"}).exit_code == 0;
  if (!can) return std::nullopt;
  std::vector<std::string> command = {"mpirun", "--oversubscribe", "--bind-to", "none", "-n", std::to_string(ranks)};
  for (const auto& word : farfield_command(arguments)) command.push_back(word);
  return command;
}

std::vector<std::string> ranks_environment(const std::vector<std::string>& more) {
  std::vector<std::string> all = {"OMPI_ALLOW_RUN_AS_ROOT=1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1", "OMP_NUM_THREADS=1"};
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

std::vector<int> processes_of_ranks(int ranks, const std::string& mark) {
  std::vector<int> found(ranks, 0);
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    if (text_of(entry.path() / "cmdline").find('\0' + mark + '\0') == std::string::npos) continue;
    const std::string environment = '\0' + text_of(entry.path() / "environ");
    for (int rank = 0; rank < ranks; ++rank) {
      const std::string variable = '\0' + ("OMPI_COMM_WORLD_RANK=" + std::to_string(rank)) + '\0';
      if (environment.find(variable) != std::string::npos) found[rank] = std::stoi(name);
    }
  }
  return found;
}

}  // namespace farfield::test
