// The group this process was started in: who starts processes, and how they are joined.
#include <algorithm>
#include <cstdlib>
#include <initializer_list>

#include <fmt/format.h>
#include <unistd.h>

#include "core/comm.h"
#include "core/comm_launch.h"
#include "core/comm_transport.h"
#include "core/error.h"

namespace farfield {
namespace {

std::shared_ptr<Comm>& the_world() {
  static std::shared_ptr<Comm> group = make_group_of_one();
  return group;
}

// The first of these variables that is set to a number above 0; else 0.
int first_number(std::initializer_list<const char*> variables) {
  for (const char* variable : variables) {
    const char* text = std::getenv(variable);
    if (text != nullptr && std::atoi(text) > 0) return std::atoi(text);
  }
  return 0;
}

// How many processes were started together, as their starter says: OpenMPI, MPICH and Intel MPI, Slurm with PMIx. A
// shell inside a Slurm allocation is no such process, so SLURM_NTASKS alone says nothing.
int started_together() {
  if (const int size = first_number({"OMPI_COMM_WORLD_SIZE", "PMI_SIZE"}); size > 0) return size;
  return std::getenv("PMIX_RANK") != nullptr ? first_number({"SLURM_STEP_NUM_TASKS"}) : 1;
}

// How many of them this machine holds; 0 when their starter does not say.
int started_here() { return first_number({"OMPI_COMM_WORLD_LOCAL_SIZE", "MPI_LOCALNRANKS", "SLURM_NTASKS_PER_NODE"}); }

}  // namespace

void join_world() {
  const int size = started_together();
  if (size <= 1) return;
  if (!launch::available()) {
    throw usage_error(
        fmt::format("this is one of {} processes started together, but this build has no MPI: start farfield "
                    "by itself, or install libopenmpi-dev and openmpi-bin and build again",
                    size));
  }
  if (started_here() == size) launch::keep_to_this_machine();
  the_world() = launch::join();
}

Comm& world() { return *the_world(); }

int ranks_here() {
  if (world().size() == 1) return 1;
  return std::max(1, started_here());
}

int rank_here() {
  return world().size() == 1 ? 0 : first_number({"OMPI_COMM_WORLD_LOCAL_RANK", "MPI_LOCALRANKID", "SLURM_LOCALID"});
}

std::string group_support() { return launch::support(); }

bool leave_world(double patience) { return world().size() == 1 || launch::leave(patience); }

void end_world(int code) {
  if (world().size() > 1) launch::abort(code);
  _exit(code);
}

}  // namespace farfield
