#include "core/comm.h"

#include <algorithm>
#include <cstdlib>
#include <initializer_list>

#include <fmt/format.h>
#include <unistd.h>

#include "core/comm_launch.h"
#include "core/comm_transport.h"
#include "core/error.h"

namespace farfield {
namespace {

class GroupOfOne : public Comm {
 public:
  GroupOfOne() : Comm(0, 1) {}
  std::future<void> start_sum(torch::Tensor) override {
    std::promise<void> done;
    done.set_value();
    return done.get_future();
  }
  void broadcast(torch::Tensor, int) override {}
  torch::Tensor gather(const torch::Tensor& values) override { return values.unsqueeze(0); }
};

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
int started_here() {
  return first_number({"OMPI_COMM_WORLD_LOCAL_SIZE", "MPI_LOCALNRANKS", "SLURM_NTASKS_PER_NODE"});
}

}  // namespace

bool Comm::any(bool mine) {
  if (size_ == 1) return mine;
  auto flag = torch::full({1}, mine ? 1 : 0, torch::kInt64);
  sum(flag);
  return flag.item<int64_t>() > 0;
}

std::string Comm::broadcast_text(const std::string& text, int root) {
  if (size_ == 1) return text;
  auto length = torch::full({1}, static_cast<int64_t>(text.size()), torch::kInt64);
  broadcast(length, root);
  std::string received = rank_ == root ? text : std::string(length.item<int64_t>(), '\0');
  broadcast(torch::from_blob(received.data(), length.item<int64_t>(), torch::kUInt8), root);
  return received;
}

std::shared_ptr<Comm> make_group_of_one() { return std::make_shared<GroupOfOne>(); }

Comm& alone() {
  static GroupOfOne group;
  return group;
}

void join_world() {
  const int size = started_together();
  if (size <= 1) return;
  if (!launch::available()) {
    throw usage_error(fmt::format("this is one of {} processes started together, but this build has no MPI: start farfield "
                                  "by itself, or install libopenmpi-dev and openmpi-bin and build again", size));
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
