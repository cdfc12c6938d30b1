#pragma once

namespace farfield::launch {

// For ranks that all live on one machine, before MPI starts: tells OpenMPI, and NCCL, to open no socket that another machine
// could reach. OpenMPI's ranks then talk through shared memory alone. What the user has chosen (mpirun --mca, OMPI_MCA_...,
// NCCL_SOCKET_IFNAME) is left as it is.
void keep_to_this_machine();

}  // namespace farfield::launch
