#pragma once

#include <functional>

#include "core/comm.h"

namespace farfield::test {

// Calls `body` once a rank, every rank in a thread of this process, with a group of `size`: the same code as under mpirun
// without processes. Waits for all of them. A rank that ends by an exception ends the others at their next call to the
// group; the exception of the lowest rank that failed by itself is thrown again here. Torch's settings that belong to a
// thread (no_grad) are the body's to make; its thread count is that of the caller.
void run_ranks(int size, const std::function<void(Comm& comm)>& body);

}  // namespace farfield::test
