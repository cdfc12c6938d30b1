#include "core/comm_transport.h"

#include <cstdlib>

namespace farfield::launch {
namespace {

bool is_set(const char* variable) { return std::getenv(variable) != nullptr; }

}  // namespace

void keep_to_this_machine() {
  constexpr const char *kLayer = "OMPI_MCA_pml", *kTransports = "OMPI_MCA_btl";
  // By name: without tcp alone, OpenMPI takes another transport over the network. vader is its shared memory, in 4 and 5.
  if (!is_set(kLayer) && !is_set(kTransports)) {
    setenv(kLayer, "ob1", 1);
    setenv(kTransports, "self,vader", 1);
  }
  setenv("NCCL_SOCKET_IFNAME", "lo", /*overwrite=*/0);
}

}  // namespace farfield::launch
