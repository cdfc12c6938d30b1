#pragma once

#include <memory>
#include <string>

#include "core/comm.h"

// What core/comm.cpp needs of the library that joins processes: comm_mpi.cpp, the only source that knows MPI, with empty
// answers where the build has none.
namespace farfield::launch {

bool available();
std::string support();
std::shared_ptr<Comm> join();
bool leave(double patience);
[[noreturn]] void abort(int code);

}  // namespace farfield::launch
