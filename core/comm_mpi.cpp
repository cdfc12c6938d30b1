#include "core/comm_launch.h"

#include <unistd.h>

#ifdef FARFIELD_HAS_MPI

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <functional>
#include <limits>
#include <mutex>
#include <thread>

#include <fmt/format.h>
#include <mpi.h>

#include "core/error.h"
#include "core/log.h"

namespace farfield::launch {
namespace {

using PulseClock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;
constexpr auto kBeat = std::chrono::seconds(1);
constexpr auto kIdle = std::chrono::milliseconds(200);
constexpr auto kPoll = std::chrono::microseconds(20);
constexpr int64_t kMostAtOnce = std::numeric_limits<int>::max() / 8;  // elements of one MPI call

MPI_Datatype type_of(const torch::Tensor& values) {
  switch (values.scalar_type()) {
    case torch::kFloat32:
      return MPI_FLOAT;
    case torch::kFloat64:
      return MPI_DOUBLE;
    case torch::kInt64:
      return MPI_INT64_T;
    case torch::kUInt8:
      return MPI_UINT8_T;
    default:
      check(false, "Comm: float32, float64, int64 or uint8 tensors only");
  }
  return MPI_BYTE;
}

// A time in seconds that the environment may set.
double seconds_of(const char* variable, double otherwise) {
  const char* text = std::getenv(variable);
  const double seconds = text == nullptr ? 0 : std::atof(text);
  return seconds > 0 ? seconds : otherwise;
}

// Each rank sends its right neighbour a byte every two seconds and listens to its left one. A process that was killed,
// stopped or cut off falls silent.
class Heartbeat {
 public:
  void begin(int rank, int size) {
    MPI_Comm_dup(MPI_COMM_WORLD, &line_);
    left_ = (rank + size - 1) % size;
    right_ = (rank + 1) % size;
    heard_ = PulseClock::now();
    listen();
  }

  void serve() {
    const auto now = PulseClock::now();
    if (now - sent_ >= kBeat) {
      int arrived = 1;
      if (sending_ != MPI_REQUEST_NULL) MPI_Test(&sending_, &arrived, MPI_STATUS_IGNORE);
      if (arrived) MPI_Isend(&beat_, 1, MPI_BYTE, right_, 0, line_, &sending_);
      sent_ = now;
    }
    int arrived = 0;
    MPI_Test(&listening_, &arrived, MPI_STATUS_IGNORE);
    if (arrived) {
      heard_ = now;
      listen();
    } else if (Seconds(now - heard_).count() > silence_) {
      log::error(
          fmt::format("rank {} has not answered for {:.0f} seconds: it died, was stopped or lost its connection; all "
                      "ranks end here",
                      left_, silence_));
      MPI_Abort(MPI_COMM_WORLD, static_cast<int>(ExitCode::kIo));
    }
  }

  void end() {
    MPI_Cancel(&listening_);
    MPI_Wait(&listening_, MPI_STATUS_IGNORE);
    if (sending_ != MPI_REQUEST_NULL) MPI_Request_free(&sending_);
  }

 private:
  void listen() { MPI_Irecv(&heard_beat_, 1, MPI_BYTE, left_, 0, line_, &listening_); }

  MPI_Comm line_ = MPI_COMM_NULL;
  MPI_Request listening_ = MPI_REQUEST_NULL, sending_ = MPI_REQUEST_NULL;
  const double silence_ = seconds_of("FARFIELD_GROUP_SILENCE", 30);
  int left_ = 0, right_ = 0;
  char beat_ = 1, heard_beat_ = 0;
  PulseClock::time_point sent_{}, heard_{};
};

// One thread makes every call to MPI, in the order in which they were asked for: sums go on while the caller computes.
class MpiThread {
 public:
  using Start = std::function<void(MPI_Request*)>;

  MpiThread() : thread_([this] { run(); }) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return size > 0; });
  }
  ~MpiThread() { thread_.join(); }

  // Ready when what `start` began has ended.
  std::future<void> add(Start start) {
    Task task{std::move(start), {}};
    auto done = task.done.get_future();
    const std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
    changed_.notify_all();
    return done;
  }

  // The thread's last task: the group closes when every rank has come here; false when that took too long.
  bool close(double patience) {
    auto all_here = add([](MPI_Request* request) { MPI_Ibarrier(MPI_COMM_WORLD, request); });
    if (patience > 0 && all_here.wait_for(Seconds(patience)) != std::future_status::ready) return false;
    all_here.get();
    const std::lock_guard lock(mutex_);
    closing_ = true;
    changed_.notify_all();
    return true;
  }

  // From any thread: ends all ranks, soon.
  void abort(int code) { abort_with_ = code; }

  int rank = 0, size = 0;
  MPI_Comm values = MPI_COMM_NULL;

 private:
  struct Task {
    Start start;
    std::promise<void> done;
  };

  void run() {
    join();
    while (auto task = next()) {
      MPI_Request request = MPI_REQUEST_NULL;
      task->start(&request);
      await(request);
      task->done.set_value();
    }
    heartbeat_.end();
    MPI_Finalize();
  }

  void join() {
    int level = 0, ranks = 0;
    MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &level);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    MPI_Comm_dup(MPI_COMM_WORLD, &values);
    heartbeat_.begin(rank, ranks);
    const std::lock_guard lock(mutex_);
    size = ranks;
    changed_.notify_all();
  }

  std::optional<Task> next() {
    std::unique_lock lock(mutex_);
    while (tasks_.empty() && !closing_) {
      if (changed_.wait_for(lock, kIdle) == std::cv_status::timeout) {
        lock.unlock();
        serve();
        lock.lock();
      }
    }
    if (tasks_.empty()) return std::nullopt;
    Task task = std::move(tasks_.front());
    tasks_.pop_front();
    return task;
  }

  void serve() {
    heartbeat_.serve();
    if (const int code = abort_with_; code >= 0) MPI_Abort(MPI_COMM_WORLD, code);
  }

  void await(MPI_Request request) {
    const auto start = PulseClock::now();
    for (;;) {
      int done = 0;
      MPI_Test(&request, &done, MPI_STATUS_IGNORE);
      if (done) return;
      serve();
      if (Seconds(PulseClock::now() - start).count() > longest_wait_) {
        log::error(
            fmt::format("rank {} has waited {:.0f} seconds for the others: one of them is stuck; all ranks end here (a "
                        "longer wait: FARFIELD_GROUP_WAIT=SECONDS)",
                        rank, longest_wait_));
        MPI_Abort(MPI_COMM_WORLD, static_cast<int>(ExitCode::kIo));
      }
      std::this_thread::sleep_for(kPoll);
    }
  }

  const double longest_wait_ = seconds_of("FARFIELD_GROUP_WAIT", 1800);
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Task> tasks_;
  bool closing_ = false;
  std::atomic<int> abort_with_{-1};
  Heartbeat heartbeat_;
  std::thread thread_;
};

std::unique_ptr<MpiThread>& the_thread() {
  static std::unique_ptr<MpiThread> thread;
  return thread;
}

// Tensors elsewhere travel through a copy on the host.
class MpiGroup : public Comm {
 public:
  explicit MpiGroup(MpiThread& thread) : Comm(thread.rank, thread.size), thread_(thread) {}

  std::future<void> start_sum(torch::Tensor values) override {
    check(values.is_contiguous() && values.numel() <= kMostAtOnce,
          "Comm: contiguous tensors of up to 268 million values");
    if (!values.is_cpu()) {
      auto host = values.cpu();
      start_sum(host).get();
      values.copy_(host);
      return make_group_of_one()->start_sum(values);
    }
    return thread_.add([this, values](MPI_Request* request) {
      MPI_Iallreduce(MPI_IN_PLACE, values.data_ptr(), static_cast<int>(values.numel()), type_of(values), MPI_SUM,
                     thread_.values, request);
    });
  }

  void broadcast(torch::Tensor values, int root) override {
    check(values.is_contiguous(), "Comm: contiguous tensors only");
    auto host = values.cpu();  // itself on the CPU
    const auto flat = host.view({-1});
    for (const auto& part : flat.split(kMostAtOnce)) {
      thread_
          .add([this, part, root](MPI_Request* request) {
        MPI_Ibcast(part.data_ptr(), static_cast<int>(part.numel()), type_of(part), root, thread_.values, request);
      }).get();
    }
    if (!values.is_cpu()) values.copy_(host);
  }

  torch::Tensor gather(const torch::Tensor& values) override {
    const auto mine = values.cpu().contiguous();
    check(mine.numel() <= kMostAtOnce / size(), "Comm: too many values to gather at once");
    std::vector<int64_t> shape = {size()};
    shape.insert(shape.end(), values.sizes().begin(), values.sizes().end());
    auto all = torch::empty(shape, mine.options());
    thread_
        .add([&](MPI_Request* request) {
      const int count = static_cast<int>(mine.numel());
      MPI_Iallgather(mine.data_ptr(), count, type_of(mine), all.data_ptr(), count, type_of(mine), thread_.values,
                     request);
    }).get();
    return all.to(values.device());
  }

 private:
  MpiThread& thread_;
};

}  // namespace

bool available() { return true; }

std::string support() {
  int major = 0, minor = 0;
  MPI_Get_version(&major, &minor);
  return fmt::format("MPI {}.{}{}", major, minor, cuda_support());
}

std::shared_ptr<Comm> join() {
  the_thread() = std::make_unique<MpiThread>();
  return with_cuda(std::make_shared<MpiGroup>(*the_thread()));
}

bool leave(double patience) {
  if (!the_thread()->close(patience)) return false;
  the_thread().reset();
  return true;
}

void abort(int code) {
  the_thread()->abort(code);
  std::this_thread::sleep_for(std::chrono::seconds(5));  // it does not return from there
  _exit(code);
}

}  // namespace farfield::launch

#else

namespace farfield::launch {

bool available() { return false; }
std::string support() { return ""; }
std::shared_ptr<Comm> join() { return make_group_of_one(); }
bool leave(double) { return true; }
void abort(int code) { _exit(code); }

}  // namespace farfield::launch

#endif
