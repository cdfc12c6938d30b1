#pragma once

#include <future>
#include <memory>
#include <string>

#include <torch/types.h>

namespace farfield {

// A group of processes that work on one thing: ranks 0 ... size - 1, each with the same calls in the same order. Tensors
// are contiguous, of the same shape and dtype (float32, float64, int64 or uint8) on every rank; those of a CUDA device
// travel through NCCL where the build has it, else through the host. A group of one does nothing and costs nothing.
//
// A rank that dies, is stopped or does not answer for FARFIELD_GROUP_SILENCE seconds (30) ends the whole group with an
// error, exit code 5; so does one that is alive but keeps the others waiting for FARFIELD_GROUP_WAIT seconds (1800). No
// call returns then.
class Comm {
 public:
  virtual ~Comm() = default;
  int rank() const { return rank_; }
  int size() const { return size_; }
  bool is_root() const { return rank_ == 0; }

  // values := their sum over the ranks: the same bits on all of them, in an order of the library's own. Begins at once
  // and goes on in the background; values belong to it until the future is ready.
  virtual std::future<void> start_sum(torch::Tensor values) = 0;
  void sum(torch::Tensor values) { start_sum(std::move(values)).get(); }
  // values := those of `root`.
  virtual void broadcast(torch::Tensor values, int root) = 0;
  // [size, ...values]: everybody's, on every rank.
  virtual torch::Tensor gather(const torch::Tensor& values) = 0;

  // Waits for every rank, and says whether any of them said true.
  bool any(bool mine);
  void wait_for_all() { any(false); }
  std::string broadcast_text(const std::string& text, int root);

 protected:
  Comm(int rank, int size) : rank_(rank), size_(size) {}

 private:
  int rank_, size_;
};

// The group of one.
std::shared_ptr<Comm> make_group_of_one();
// One that is always there: what functions that can share their work use unless they are given a group.
Comm& alone();

// The processes that mpirun or srun started together; a group of one without them. To be called once, before the first
// world(). usage_error when this process is one of several but the build has no MPI.
void join_world();
Comm& world();
// How many processes of the world run on this machine, this one included, and which of them it is, from 0 on.
int ranks_here();
int rank_here();
// Whether this build can join a group: "MPI 3.1", "MPI 3.1, NCCL", or "" (then processes run alone).
std::string group_support();

// The end of this process's part. `patience` in seconds: true when every rank has come here within it (the group is
// then closed), false when some go on without it. After a group is closed world() must not be used.
bool leave_world(double patience);
// Ends every process of the world, this one with `code`.
[[noreturn]] void end_world(int code);

}  // namespace farfield
