#include "tests/support/thread_group.h"

#include <atomic>
#include <barrier>
#include <exception>
#include <thread>
#include <vector>

#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>

#include "core/error.h"

namespace farfield::test {
namespace {

// What the ranks share. A rank that has ended takes no further part in the barrier, so that nobody waits for it; whether
// one has is settled when all have come, not when each goes on: the first to go on may end before the last looks.
struct Meeting {
  explicit Meeting(int size) : values(static_cast<size_t>(size)), place(size, Settle{this}) {}
  struct Settle {
    Meeting* meeting;
    void operator()() noexcept { meeting->incomplete = meeting->gone > 0; }
  };
  std::vector<torch::Tensor> values;  // of each rank, for the call in progress
  std::atomic<int> gone = 0;          // ranks that have ended
  bool incomplete = false;            // one of them before this meeting
  std::barrier<Settle> place;
};

// A rank waits for others that have ended: its own end follows from theirs.
struct LeftAlone : std::exception {
  const char* what() const noexcept override { return "another rank has ended and will not take part in this call"; }
};

class ThreadGroup : public Comm {
 public:
  ThreadGroup(int rank, int size, Meeting& meeting) : Comm(rank, size), meeting_(meeting) {}

  std::future<void> start_sum(torch::Tensor values) override {
    exchange(values, [&](const std::vector<torch::Tensor>& all) {
      auto total = all[0].clone();
      for (size_t rank = 1; rank < all.size(); ++rank) total += all[rank];
      return total;
    });
    std::promise<void> done;
    done.set_value();
    return done.get_future();
  }

  void broadcast(torch::Tensor values, int root) override {
    exchange(values, [&](const std::vector<torch::Tensor>& all) { return all[static_cast<size_t>(root)].clone(); });
  }

  torch::Tensor gather(const torch::Tensor& values) override {
    torch::Tensor everybody;
    exchange(values.clone(), [&](const std::vector<torch::Tensor>& all) {
      everybody = torch::stack(all);
      return all[static_cast<size_t>(rank())].clone();
    });
    return everybody;
  }

 private:
  // values := combine(everybody's); all ranks read before any of them writes.
  template <class Combine>
  void exchange(torch::Tensor values, Combine combine) {
    const at::NoGradGuard no_gradients;
    check(values.is_contiguous(), "Comm: contiguous tensors only");
    meeting_.values[static_cast<size_t>(rank())] = values;
    meet();
    for (const auto& other : meeting_.values) {
      check(other.sizes() == values.sizes() && other.scalar_type() == values.scalar_type(),
            "Comm: tensors of another shape or dtype on another rank");
    }
    const auto result = combine(meeting_.values);
    meet();
    values.copy_(result);
  }

  void meet() {
    meeting_.place.arrive_and_wait();
    if (meeting_.incomplete) throw LeftAlone();
  }

  Meeting& meeting_;
};

}  // namespace

void run_ranks(int size, const std::function<void(Comm& comm)>& body) {
  Meeting meeting(size);
  std::vector<std::exception_ptr> own(static_cast<size_t>(size)), left_alone(static_cast<size_t>(size));
  const int thread_count = at::get_num_threads();
  std::vector<std::jthread> threads;
  for (int rank = 0; rank < size; ++rank) {
    threads.emplace_back([&, rank] {
      at::set_num_threads(thread_count);
      ThreadGroup comm(rank, size, meeting);
      try {
        body(comm);
      } catch (const LeftAlone&) {
        left_alone[static_cast<size_t>(rank)] = std::current_exception();
      } catch (...) {
        own[static_cast<size_t>(rank)] = std::current_exception();
      }
      ++meeting.gone;
      meeting.place.arrive_and_drop();
    });
  }
  threads.clear();  // joins
  for (const auto& exceptions : {own, left_alone}) {
    for (const auto& exception : exceptions) {
      if (exception) std::rethrow_exception(exception);
    }
  }
}

}  // namespace farfield::test
