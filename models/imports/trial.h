#pragma once

#include <functional>
#include <string>

namespace farfield {

struct Trial {
  std::string said;   // what the work returned, at most 4096 bytes
  std::string fault;  // why it did not return: "crashed (signal 11: Segmentation fault)"; empty when all was well
};

// Runs `work` in a child process, with one thread and without standard output and error, so that foreign code cannot
// take this process down or hold it for ever: after `seconds` (0: no limit) the child is killed. Exceptions of `work`
// count as having returned nothing. Error(kInterrupted) when a signal asks this process to stop meanwhile; Error(kMemory)
// or io_error when there is no child to be had.
Trial try_in_child(double seconds, const std::function<std::string()>& work);

}  // namespace farfield
