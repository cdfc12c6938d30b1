#include "core/interrupts.h"

#include <unistd.h>
#include <atomic>
#include <csignal>
#include <cstdint>
#include <ctime>

#include "core/error.h"
#include "core/interrupt_scope.h"

namespace farfield {
namespace {

constexpr std::int64_t kOneRequest = 1'000'000'000;  // nanoseconds in which signals are one request

std::atomic<std::int64_t> first_signal{0};  // when it came; 0 = none did
static_assert(std::atomic<std::int64_t>::is_always_lock_free, "a signal handler may only touch lock-free atomics");

// Nanoseconds since the machine started; clock_gettime is one of the calls that a handler may make.
std::int64_t now() {
  timespec time = {};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

void on_signal(int signal_number) {
  std::int64_t first = 0;
  const std::int64_t time = now();
  if (first_signal.compare_exchange_strong(first, time)) return;
  if (time - first >= kOneRequest) _exit(128 + signal_number);
}

// Comes every second from the limit on: never more than the one request.
void on_cpu_limit(int) {
  std::int64_t none = 0;
  first_signal.compare_exchange_strong(none, now());
}

}  // namespace

void install_interrupt_handlers() {
  struct sigaction action = {};
  action.sa_handler = on_signal;
  sigemptyset(&action.sa_mask);
  action.sa_flags = SA_RESTART;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  sigaction(SIGUSR1, &action, nullptr);  // what Slurm and mpirun pass on before time is up
  struct sigaction hangup = {};
  sigaction(SIGHUP, nullptr, &hangup);
  if (hangup.sa_handler != SIG_IGN) sigaction(SIGHUP, &action, nullptr);  // nohup wants it ignored
  action.sa_handler = on_cpu_limit;
  sigaction(SIGXCPU, &action, nullptr);
}

bool interrupted() { return first_signal.load() != 0 || InterruptScope::asked(); }

void stop_if_interrupted() {
  if (interrupted()) throw Error(ExitCode::kInterrupted, "interrupted; nothing was written");
}

void set_interrupted(bool value) { first_signal.store(value ? now() : 0); }

}  // namespace farfield
