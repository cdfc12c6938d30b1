#pragma once

namespace farfield::tools {

// The ends that no command chooses: OpenMP's library calls exit(1) when it gets no thread, an exception that leaves a thread
// or a destructor calls std::terminate, and oneDNN uses memory that it was refused. They become an error line and an exit
// code, and no partial output folder stays. A crash where memory can be had is left to be one.
// To be called once, early in main, after MPI has started.
void catch_sudden_ends();
// To be called before main returns or ends its group: an exit from here on is ours.
void end_is_ours();

}  // namespace farfield::tools
