#pragma once

#include <optional>
#include <string>
#include <vector>

namespace farfield::test {

// The command line that runs build/farfield with these arguments as `ranks` processes of this machine, and what it wants
// of the environment. Nothing where the build has no MPI or the machine no mpirun: skip aloud.
std::optional<std::vector<std::string>> ranks_command(int ranks, const std::vector<std::string>& arguments);
std::vector<std::string> ranks_environment(const std::vector<std::string>& more = {});

// Process numbers of the ranks whose command line holds `mark`, a word of its own such as the path of --out; by rank,
// 0 where there is none.
std::vector<int> processes_of_ranks(int ranks, const std::string& mark);

}  // namespace farfield::test
