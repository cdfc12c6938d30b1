#include "core/interrupts.h"

#include <atomic>
#include <csignal>
#include <unistd.h>

#include "core/error.h"

namespace farfield {
namespace {

std::atomic<int> signals_seen{0};
static_assert(std::atomic<int>::is_always_lock_free, "a signal handler may only touch lock-free atomics");

void on_signal(int signal_number) {
  if (signals_seen.fetch_add(1) > 0) _exit(128 + signal_number);
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
}

bool interrupted() { return signals_seen.load() > 0; }

void stop_if_interrupted() {
  if (interrupted()) throw Error(ExitCode::kInterrupted, "interrupted; nothing was written");
}

void set_interrupted(bool value) { signals_seen.store(value ? 1 : 0); }

}  // namespace farfield
