#pragma once

#include <memory>
#include <string>

#include "core/comm.h"

// What core/comm_world.cpp needs of the library that joins processes: comm_mpi.cpp, the only source that knows MPI, and
// comm_nccl.cpp, the only one that knows NCCL, with empty answers where the build has none.
namespace farfield::launch {

bool available();
std::string support();
std::shared_ptr<Comm> join();
bool leave(double patience);
[[noreturn]] void abort(int code);

// `host`, with CUDA tensors going through NCCL where there is a GPU and the build can.
std::shared_ptr<Comm> with_cuda(std::shared_ptr<Comm> host);
std::string cuda_support();  // ", NCCL" or ""

}  // namespace farfield::launch
